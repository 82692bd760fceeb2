// Entry of the engine's worker thread: polls its port between steps and never returns to the event loop while it runs.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { OctavoError } from "@octavo/core";
import type { ControlReply } from "./core/control-calls.js";
import type { Core } from "./core/core.js";
import { loadAnyCore } from "./core/load-any-core.js";
import { Command } from "./protocol/commands.js";
import type { ClientMessage, ThreadData, ThreadMessage } from "./protocol/thread-messages.js";

const { folder, options, statsBuffer, wakeBuffer } = workerData as ThreadData;
const PROGRESS_MS = 50;

const wake = new Int32Array(wakeBuffer);
const port = parentPort!;

function post(message: ThreadMessage): void {
  port.postMessage(message);
}

function fail(error: unknown): void {
  post({ type: "failed", error: OctavoError.from(error).toJSON() });
}

function postOutputs(core: Core): void {
  if (!core.outputs.empty) post(core.outputs.take());
  const { kvEvents } = core;
  if (kvEvents && !kvEvents.empty) post({ type: "kvEvents", words: kvEvents.take() });
}

/** A result may be of a kind that does not cross threads. */
function postReply(number: number, reply: ControlReply): void {
  try {
    post({ type: "reply", number, reply });
  } catch (cause) {
    const message = `the result cannot be sent to the calling thread: ${(cause as Error).message}`;
    post({ type: "reply", number, reply: { error: { code: "UNSUPPORTED", message } } });
  }
}

/** In place of `process.emitWarning`: Node would show a warning when this thread returns to its event loop, at its end. */
function forwardWarning(
  warning: string | Error,
  options?: string | { type?: string; code?: string },
  code?: string,
): void {
  const text = typeof warning === "string" ? warning : warning.message;
  const given = typeof options === "object" ? options : { type: options, code };
  post({ type: "warning", text, options: { type: given.type, code: given.code } });
}

/** Some times a second, and at the end. */
function postProgress(): (done: number, total: number) => void {
  let last = 0;
  return (done, total) => {
    const now = performance.now();
    if (done < total && now - last < PROGRESS_MS) return;
    last = now;
    post({ type: "loading", done, total });
  };
}

/** Applies all commands that have arrived. @returns false when told to stop */
function drain(core: Core): boolean {
  for (let received = receiveMessageOnPort(port); received; received = receiveMessageOnPort(port)) {
    const message = received.message as ClientMessage;
    if ("call" in message) {
      core.call(message.call, (reply) => {
        // What came before the answer is told before it.
        postOutputs(core);
        postReply(message.number, reply);
      });
      continue;
    }
    for (const words of message) {
      if (words[0] === Command.stop) return false;
      try {
        core.handle(words);
      } catch (error) {
        post({ type: "refused", id: words[1]!, error: OctavoError.from(error).toJSON() });
      }
    }
  }
  return true;
}

function run(core: Core): void {
  for (;;) {
    // Read before draining: a command that arrives in between has raised the word, and the wait returns at once.
    const seen = Atomics.load(wake, 0);
    if (!drain(core)) return;
    const worked = core.step();
    postOutputs(core);
    if (!worked) Atomics.wait(wake, 0, seen, core.idleMs);
  }
}

process.emitWarning = forwardWarning as typeof process.emitWarning;
try {
  const stats = new Float64Array(statsBuffer);
  const { core, info, eosTokenIds } = await loadAnyCore(folder, options, stats, wakeBuffer, postProgress());
  post({ type: "ready", info, eosTokenIds });
  try {
    run(core);
  } catch (error) {
    // At once: a broken device may fail, or never return, when it is disposed of, and this is the error that matters.
    fail(error);
  }
  core.dispose();
} catch (error) {
  fail(error);
}
port.close();
