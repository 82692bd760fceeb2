// Reads on after a request was answered before its body had come: a client that is busy sending would otherwise see its
// connection break instead of the answer.
import type { IncomingMessage } from "node:http";

/** A client that sends (or promises) more than it can in this time is cut off. */
const DEADLINE_MS = 5000;

/** Drops what is still to come of the body, and closes the connection when that takes too long. */
export function discardRest(incoming: IncomingMessage): void {
  if (incoming.complete || incoming.destroyed) return;
  const timer = setTimeout(() => incoming.socket.destroy(), DEADLINE_MS);
  timer.unref();
  const stop = () => clearTimeout(timer);
  incoming.once("end", stop);
  incoming.once("close", stop);
  incoming.removeAllListeners("data");
  incoming.resume();
}
