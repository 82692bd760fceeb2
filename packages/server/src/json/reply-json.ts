// A reply of JSON. One that is longer than a slice is made while it is sent.
import type { Context } from "hono";
import type { Env } from "../context.js";
import { otherEvents } from "../other-events.js";
import { BodyStream } from "../streaming/body-stream.js";
import { jsonPieces } from "./json-pieces.js";
import { slices } from "./slices.js";

const HEADERS = { "content-type": "application/json" };

/** @param value may hold RawJson */
export function replyJson(c: Context<Env>, value: object): Response {
  const parts = slices(jsonPieces(value));
  const { value: first = "" } = parts.next();
  const second = parts.next();
  if (second.done) return c.body(first, 200, HEADERS);
  const stream = new BodyStream(() => {});
  c.set("finished", sendAll(stream, first + second.value, parts));
  return c.body(stream.body, 200, HEADERS);
}

async function sendAll(stream: BodyStream, start: string, rest: Iterable<string>): Promise<void> {
  try {
    await stream.write(start);
    for (const part of rest) {
      await otherEvents();
      if (!stream.isOpen) return;
      await stream.write(part);
    }
    stream.close();
  } catch (error) {
    // The client must not take what it has for the whole.
    stream.fail(error);
  }
}
