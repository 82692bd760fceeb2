// A golden case's prompt through a model.
import type { Backend } from "@octavo/core";
import type { GoldenCase, GoldenModel } from "./golden.js";
import { ModelRun, type RunOptions } from "./run-model.js";

/** The length that the dynamic and longrope fixtures are trained at. */
const TRAINED = 64;

/**
 * Prompts that dynamic scaling stretches by their own length in transformers: here long prompts have the frequencies of
 * max_model_len, so that is set to the prompt's. All other cases run with the model's default.
 */
export function maxModelLen(model: GoldenModel, promptLength: number): number | undefined {
  return /dynamic/.test(model.name) && promptLength > TRAINED ? promptLength : undefined;
}

/** In float32, from the weights' values: only the reference multiplies blocks without rounding activations first. */
export function goldenOptions({ info }: Backend): Pick<RunOptions, "dtype" | "dequantize"> {
  return { dtype: "float32", dequantize: info.name !== "reference" };
}

/** Of every position, in float32. @param chunk tokens a step */
export function logitsOf(model: GoldenModel, backend: Backend, { ids }: GoldenCase, chunk: number): Float32Array[] {
  using run = new ModelRun(model.folder, backend, ids.length, {
    ...goldenOptions(backend),
    maxModelLen: maxModelLen(model, ids.length),
  });
  const rows: Float32Array[] = [];
  for (let i = 0; i < ids.length; i += chunk) rows.push(...run.feed(ids.slice(i, i + chunk), ids.length));
  return rows;
}
