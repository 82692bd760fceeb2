// SentencePiece's model file (sentencepiece_model.proto), checked where it is read.
import { isUtf8 } from "node:buffer";
import { ProtobufError, type ProtobufField, protobufFields } from "./protobuf-reader.js";

/** `ModelProto.SentencePiece.Type` */
export const enum PieceKind {
  normal = 1,
  unknown = 2,
  control = 3,
  userDefined = 4,
  unused = 5,
  byte = 6,
}

export interface Piece {
  readonly text: string;
  /** Float32. */
  readonly score: number;
  readonly kind: PieceKind;
}

export interface PieceModelFile {
  /** By id. */
  readonly pieces: readonly Piece[];
  readonly type: "unigram" | "bpe";
  readonly byteFallback: boolean;
  readonly unkId: number;
  /** -1: none. */
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  /** Empty: text is taken as it is. */
  readonly charsmap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
}

const TYPES = [undefined, "unigram", "bpe", "word", "char"] as const;

/** @throws ProtobufError that names the field */
export function readPieceModel(bytes: Uint8Array): PieceModelFile {
  const pieces: Piece[] = [];
  let trainer: Uint8Array = new Uint8Array(0);
  let normalizer: Uint8Array = trainer;
  for (const field of protobufFields(bytes)) {
    if (field.number === 1) pieces.push(piece(content(field, "pieces"), pieces.length));
    else if (field.number === 2) trainer = content(field, "trainer_spec");
    else if (field.number === 3) normalizer = content(field, "normalizer_spec");
    else if (field.number === 5) refuseDenormalizer(content(field, "denormalizer_spec"));
  }
  if (pieces.length === 0) throw new ProtobufError("it has no pieces");
  refuseDuplicates(pieces);
  const file = { pieces, ...trainerSpec(trainer), ...normalizerSpec(normalizer) };
  checkIds(file);
  return file;
}

function piece(message: Uint8Array, id: number): Piece {
  let text: string | undefined;
  let score = 0;
  let kind = PieceKind.normal;
  const name = `pieces[${id}]`;
  for (const field of inside(message, name)) {
    if (field.number === 1) text = utf8(field, `${name}.piece`);
    else if (field.number === 2) score = float(field, `${name}.score`);
    else if (field.number === 3) kind = field.int;
  }
  if (!text) throw new ProtobufError(`${name}.piece is missing or empty`);
  if (!(kind >= PieceKind.normal && kind <= PieceKind.byte)) throw new ProtobufError(`${name}.type is ${kind}`);
  return { text, score, kind };
}

type TrainerSpec = Pick<PieceModelFile, "type" | "byteFallback" | "unkId" | "bosId" | "eosId" | "padId">;

function trainerSpec(message: Uint8Array): TrainerSpec {
  const spec = { byteFallback: false, unkId: 0, bosId: 1, eosId: 2, padId: -1 };
  let type: string | undefined = "unigram";
  for (const field of inside(message, "trainer_spec")) {
    if (field.number === 3) type = TYPES[field.int] ?? `number ${field.int}`;
    else if (field.number === 24 && field.int) {
      throw new ProtobufError("trainer_spec.treat_whitespace_as_suffix is true, which Octavo does not support");
    } else if (field.number === 35) spec.byteFallback = field.int !== 0;
    else if (field.number === 40) spec.unkId = field.int;
    else if (field.number === 41) spec.bosId = field.int;
    else if (field.number === 42) spec.eosId = field.int;
    else if (field.number === 43) spec.padId = field.int;
  }
  if (type !== "unigram" && type !== "bpe") {
    throw new ProtobufError(`trainer_spec.model_type is ${type}, Octavo supports unigram and bpe`);
  }
  return { ...spec, type };
}

type NormalizerSpec = Pick<
  PieceModelFile,
  "charsmap" | "addDummyPrefix" | "removeExtraWhitespaces" | "escapeWhitespaces"
>;

function normalizerSpec(message: Uint8Array): NormalizerSpec {
  const spec = { addDummyPrefix: true, removeExtraWhitespaces: true, escapeWhitespaces: true };
  let charsmap: Uint8Array = new Uint8Array(0);
  for (const field of inside(message, "normalizer_spec")) {
    if (field.number === 2) charsmap = content(field, "normalizer_spec.precompiled_charsmap");
    else if (field.number === 3) spec.addDummyPrefix = field.int !== 0;
    else if (field.number === 4) spec.removeExtraWhitespaces = field.int !== 0;
    else if (field.number === 5) spec.escapeWhitespaces = field.int !== 0;
  }
  return { ...spec, charsmap };
}

/** It would change text that has already been streamed; no known model has one. */
function refuseDenormalizer(message: Uint8Array): void {
  for (const field of inside(message, "denormalizer_spec")) {
    if (field.number === 2 && field.bytes.length > 0) {
      throw new ProtobufError("denormalizer_spec has a charsmap, which Octavo does not support");
    }
  }
}

function refuseDuplicates(pieces: readonly Piece[]): void {
  const ids = new Map<string, number>();
  for (const [id, { text }] of pieces.entries()) {
    const first = ids.get(text);
    if (first !== undefined) {
      throw new ProtobufError(`pieces[${first}] and pieces[${id}] are both ${JSON.stringify(text)}`);
    }
    ids.set(text, id);
  }
}

function checkIds({ pieces, unkId, bosId, eosId, padId }: PieceModelFile): void {
  const refuse = (name: string, id: number): never => {
    throw new ProtobufError(`trainer_spec.${name} is ${id}, there are ${pieces.length} pieces`);
  };
  const unknown = pieces[unkId] ?? refuse("unk_id", unkId);
  if (unknown.kind !== PieceKind.unknown) {
    throw new ProtobufError(
      `trainer_spec.unk_id is ${unkId}, which is ${JSON.stringify(unknown.text)}, not the unknown piece`,
    );
  }
  // Below 0: there is none.
  if (bosId >= pieces.length) refuse("bos_id", bosId);
  if (eosId >= pieces.length) refuse("eos_id", eosId);
  if (padId >= pieces.length) refuse("pad_id", padId);
}

function* inside(message: Uint8Array, name: string): Generator<ProtobufField> {
  try {
    yield* protobufFields(message);
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause;
    throw new ProtobufError(`${name}: ${cause.message}`, { cause });
  }
}

function content(field: ProtobufField, name: string): Uint8Array {
  if (field.wire !== "bytes")
    throw new ProtobufError(`${name} at byte ${field.at} is a number, a message was expected`);
  return field.bytes;
}

function utf8(field: ProtobufField, name: string): string {
  const bytes = content(field, name);
  if (!isUtf8(bytes)) throw new ProtobufError(`${name} is not UTF-8`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function float(field: ProtobufField, name: string): number {
  if (field.wire !== "fixed32") throw new ProtobufError(`${name} is not a float`);
  const value = new DataView(field.bytes.buffer, field.bytes.byteOffset, 4).getFloat32(0, true);
  if (!Number.isFinite(value)) throw new ProtobufError(`${name} is ${value}`);
  return value;
}
