// The header of a GGUF file that comes over a network: nothing in it says how long it is, so that it is asked for by and by.
import { type GgufHeader, parseGgufHeader } from "./gguf-header.js";

/** The most that metadata without a vocabulary takes. */
const FIRST_BYTES = 2 ** 18;

/** Thrown through the parser, which starts again with more. */
class NotHereYet extends Error {
  readonly length: number;

  constructor(length: number) {
    super(`${length} bytes are not here yet`);
    this.length = length;
  }
}

/**
 * Reads a header and little behind it.
 * @param path for messages
 * @param byteLength of the whole file
 * @param atLeast gives at least the file's first `length` bytes, which are at most `byteLength`
 * @throws CHECKPOINT or UNSUPPORTED, as for a file on disk; what `atLeast` throws
 */
export async function arrivingGgufHeader(
  path: string,
  byteLength: number,
  atLeast: (length: number) => Promise<Uint8Array>,
): Promise<GgufHeader> {
  for (let length = Math.min(FIRST_BYTES, byteLength); ; ) {
    const here = await atLeast(length);
    const more = (wanted: number): Uint8Array => {
      if (wanted > here.byteLength) throw new NotHereYet(wanted);
      return here;
    };
    try {
      return parseGgufHeader({ path, byteLength, atLeast: more });
    } catch (error) {
      if (!(error instanceof NotHereYet)) throw error;
      length = Math.min(byteLength, Math.max(error.length, 2 * here.byteLength));
    }
  }
}
