// As much of protobuf's wire format as SentencePiece's files need. The bytes are untrusted: a length is checked against what is
// left, nothing is allocated for it, and a number has at most ten bytes.

/** Something that is not what the format says; the reader of a file adds its name. */
export class ProtobufError extends Error {}

/** One field of a message. Which getter fits, its `wire` type says. */
export interface ProtobufField {
  /** Of the message's definition. */
  readonly number: number;
  readonly wire: "varint" | "fixed64" | "bytes" | "fixed32";
  /** Byte at which the field stands, for messages. */
  readonly at: number;
  /** Of a varint, low 32 bits as a signed number (an enum, a boolean, an int32); else 0. */
  readonly int: number;
  /** The content of a string, bytes or message, or the bytes of a fixed number; empty for a varint. */
  readonly bytes: Uint8Array;
}

const WIRE = ["varint", "fixed64", "bytes", undefined, undefined, "fixed32"] as const;
const FIXED = { fixed64: 8, fixed32: 4 };
const NONE = new Uint8Array(0);

/** @throws ProtobufError */
export function* protobufFields(message: Uint8Array): Generator<ProtobufField> {
  const varint: Varint = { value: 0, int: 0, end: 0 };
  for (let at = 0; at < message.length; ) {
    const start = at;
    readVarint(message, at, varint, "a field's tag");
    const wire = WIRE[varint.int & 7];
    const number = (varint.int >>> 3) & 0x1fff_ffff;
    if (wire === undefined || number === 0) throw new ProtobufError(`byte ${start} is no field of a message`);
    at = varint.end;
    if (wire === "varint") {
      readVarint(message, at, varint, `field ${number}`);
      at = varint.end;
      yield { number, wire, at: start, int: varint.int, bytes: NONE };
      continue;
    }
    if (wire === "bytes") readVarint(message, at, varint, `the length of field ${number}`);
    const length = wire === "bytes" ? varint.value : FIXED[wire];
    at = wire === "bytes" ? varint.end : at;
    if (length > message.length - at) {
      throw new ProtobufError(`field ${number} at byte ${start} has ${length} bytes, ${message.length - at} are left`);
    }
    yield { number, wire, at: start, int: 0, bytes: message.subarray(at, at + length) };
    at += length;
  }
}

interface Varint {
  /** As a double: beyond 2^53 not exact, and far too large for a length all the same. */
  value: number;
  /** The low 32 bits. */
  int: number;
  end: number;
}

function readVarint(message: Uint8Array, from: number, into: Varint, what: string): void {
  into.value = 0;
  into.int = 0;
  for (let i = 0; i < 10; i++) {
    const byte = message[from + i];
    if (byte === undefined) throw new ProtobufError(`it ends in the middle of ${what}`);
    into.value += (byte & 0x7f) * 2 ** (7 * i);
    if (i < 5) into.int |= (byte & 0x7f) << (7 * i);
    into.end = from + i + 1;
    if (byte < 0x80) return;
  }
  throw new ProtobufError(`${what} at byte ${from} has more than ten bytes`);
}
