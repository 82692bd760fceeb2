// Hidden states and embeddings of tiny random models, made with transformers and sentence-transformers: make-encoder-fixtures.py.
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesOf, openSafetensors } from "@octavo/core";

const FOLDER = fileURLToPath(new URL("../fixtures/encoders/", import.meta.url));

export interface EncoderCase {
  readonly name: string;
  readonly prompt: readonly number[];
  /** float32 [prompt length, hidden] */
  readonly hidden: Float32Array;
  /** float32 [hidden], pooled as the folder or the architecture says */
  readonly embedding: Float32Array;
}

export interface GoldenEncoder {
  readonly name: string;
  readonly folder: string;
  readonly cases: readonly EncoderCase[];
  /** What each layer gives for case p7: float32 [7, hidden]. */
  readonly layers: readonly Float32Array[];
  /** Texts, their tokens as sentence-transformers counts them, and its embeddings; empty where the model has no tokenizer. */
  readonly texts: readonly { readonly text: string; readonly length: number; readonly embedding: Float32Array }[];
}

export function goldenEncoders(): GoldenEncoder[] {
  return readdirSync(FOLDER).sort().map(goldenEncoder);
}

export function goldenEncoder(name: string): GoldenEncoder {
  const folder = join(FOLDER, name);
  const golden = JSON.parse(readFileSync(join(folder, "golden.json"), "utf8"));
  const { tensors } = openSafetensors(join(folder, "golden.safetensors"));
  // Copied, because a tensor need not lie at a multiple of 4 bytes.
  const floats = (key: string) => new Float32Array(Uint8Array.from(bytesOf(tensors.get(key)!)).buffer);
  const layers: Float32Array[] = [];
  while (tensors.has(`layers.${layers.length}`)) layers.push(floats(`layers.${layers.length}`));
  const texts: string[] = golden.texts ?? [];
  const vectors = texts.length > 0 ? floats("texts") : new Float32Array();
  const width = vectors.length / texts.length;
  return {
    name,
    folder,
    cases: golden.cases.map((stored: { name: string; prompt: number[] }) => ({
      ...stored,
      hidden: floats(`hidden.${stored.name}`),
      embedding: floats(`embedding.${stored.name}`),
    })),
    layers,
    texts: texts.map((text, i) => ({
      text,
      length: golden.lengths[i],
      embedding: vectors.subarray(i * width, (i + 1) * width),
    })),
  };
}

/** The largest distance of an element; NaN where there is one. */
export function largestGap(found: ArrayLike<number>, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.NaN;
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(found[i]! - value)), 0);
}

/** A copy of a model's folder with other fields in its config.json, in a place for temporary files; the caller removes it. */
export function copyOf(folder: string, fields: object): string {
  const copy = mkdtempSync(join(tmpdir(), "octavo-encoder-"));
  cpSync(folder, copy, { recursive: true });
  const file = join(copy, "config.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...fields }));
  return copy;
}
