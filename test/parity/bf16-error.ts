// How far a backend's bfloat16 logits are from exact ones, beside transformers in bfloat16; test/fixtures/README.md says how
// the golden values were made.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Backend, bytesOf, openSafetensors } from "@octavo/core";
import { modelPath } from "@octavo/model-pocket";
import { ModelRun } from "./run-model.js";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** One model's golden values; errors are absolute, in logits. */
interface ErrorModel {
  readonly name: string;
  /** The vocabulary columns that the golden logits have; null: all. */
  readonly columns: readonly number[] | null;
  /** Root mean square and largest error of transformers in bfloat16 over all cases. */
  readonly rms: number;
  readonly max: number;
  readonly cases: readonly { readonly name: string; readonly ids: readonly number[]; readonly logits: string }[];
}

const { models, positions } = JSON.parse(readFileSync(`${FIXTURES}bf16-error.json`, "utf8")) as {
  models: ErrorModel[];
  positions: number;
};

export const errorModels: readonly ErrorModel[] = models;

/** What the issue of the backend asks for: its error at most so many times that of transformers. */
export const MAX_ERROR_RATIO = 2;

/** Root mean square and largest error, as multiples of those of transformers. */
export interface ErrorRatio {
  readonly rms: number;
  readonly max: number;
}

/**
 * The error of `backend` on one model.
 * @param how "prefill": each prompt in one step; "decode": the positions that are compared one token a step
 */
export function errorRatio(model: ErrorModel, backend: Backend, how: "prefill" | "decode"): ErrorRatio {
  const { tensors } = openSafetensors(`${FIXTURES}bf16-error.safetensors`);
  const folder = model.name === "pocket" ? modelPath : `${FIXTURES}models/${model.name}`;
  let squares = 0;
  let largest = 0;
  let count = 0;
  for (const { ids, logits } of model.cases) {
    const golden = tensors.get(logits)!;
    // Copied, because the tensor need not lie at a multiple of 4 bytes.
    const exact = new Float32Array(Uint8Array.from(bytesOf(golden)).buffer);
    const width = golden.shape[1]!;
    for (const [position, row] of lastRows(folder, backend, ids, how).entries()) {
      for (let i = 0; i < width; i++) {
        const error = Math.abs(row[model.columns?.[i] ?? i]! - exact[position * width + i]!);
        squares += error * error;
        // Negated, so that NaN is the worst of all.
        if (!(error <= largest)) largest = error;
        count++;
      }
    }
  }
  return { rms: Math.sqrt(squares / count) / model.rms, max: largest / model.max };
}

function lastRows(folder: string, backend: Backend, ids: readonly number[], how: "prefill" | "decode"): Float32Array[] {
  using run = new ModelRun(folder, backend, ids.length, { dtype: "bfloat16" });
  if (how === "prefill") return run.feed(ids).slice(-positions);
  const first = ids.length - positions;
  run.feed(ids.slice(0, first), ids.length);
  return ids.slice(first).flatMap((id) => run.feed([id]));
}
