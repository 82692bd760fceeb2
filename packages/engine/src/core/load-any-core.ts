// From a model on disk to the core that runs it: one that generates, or one that makes embeddings.
import { openModel } from "@octavo/models";
import type { EngineOptions } from "../engine-options.js";
import type { LoadListener } from "../load-listener.js";
import { loadPoolingCore } from "../pooling/load-pooling-core.js";
import { resolvePooling } from "../pooling/resolve-runner.js";
import type { Core } from "./core.js";
import { type LoadedCore, loadCore } from "./load-core.js";

/** Loads what `options.runner` and the model ask for; see {@link loadCore}. */
export async function loadAnyCore(
  path: string,
  options: EngineOptions,
  stats: Float64Array,
  wakeBuffer?: SharedArrayBuffer,
  onProgress?: LoadListener["onProgress"],
): Promise<LoadedCore<Core>> {
  const source = openModel(path);
  const pooling = resolvePooling(options, source);
  return pooling === null
    ? loadCore(source, options, stats, undefined, wakeBuffer, onProgress)
    : loadPoolingCore(source, options, pooling, stats, onProgress);
}
