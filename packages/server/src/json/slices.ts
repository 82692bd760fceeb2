// Work on long texts in slices of a few milliseconds.
import { otherEvents } from "../other-events.js";

/** Characters; about a millisecond of work. */
const SLICE = 2 ** 16;

/** The pieces, joined to slices. */
export function* slices(pieces: Iterable<string>): Generator<string> {
  let slice = "";
  for (const piece of pieces) {
    slice += piece;
    if (slice.length < SLICE) continue;
    yield slice;
    slice = "";
  }
  if (slice !== "") yield slice;
}

/** All of it. A promise where that is more than a slice, so that other requests go on in between. */
export function joinSlices(pieces: Iterable<string>): string | Promise<string> {
  const parts = slices(pieces);
  const { value: first = "", done } = parts.next();
  if (done || first.length < SLICE) return first;
  return joinRest(first, parts);
}

async function joinRest(first: string, parts: Iterable<string>): Promise<string> {
  let text = first;
  for (const part of parts) {
    await otherEvents();
    text += part;
  }
  return text;
}
