// From a model on disk to a core that makes embeddings, with the facts that the client shows.
import { loadTextModel, type ModelSource, type PoolingConfig } from "@octavo/models";
import { checkPoolingMemory } from "../core/check-memory.js";
import type { LoadedCore } from "../core/load-core.js";
import { type EngineOptions, resolveLogprobsMode } from "../engine-options.js";
import { resolveBatch } from "../engine-sizes.js";
import { loadBackend } from "../load-backend.js";
import type { LoadListener } from "../load-listener.js";
import { PoolingCore } from "./pooling-core.js";
import { resolvePoolingSizes, stepBytes } from "./pooling-sizes.js";

export async function loadPoolingCore(
  source: ModelSource,
  options: EngineOptions,
  pooling: PoolingConfig,
  stats: Float64Array,
  onProgress?: LoadListener["onProgress"],
): Promise<LoadedCore<PoolingCore>> {
  const started = performance.now();
  const { config } = source;
  const { numThreads, batchInvariant } = options;
  resolveBatch(options); // loading may take minutes: what is wrong is said before
  const backend = await loadBackend(options.device ?? "auto", { numThreads, batchInvariant });
  try {
    const sizes = resolvePoolingSizes(options, pooling, config.maxPositions, backend.info);
    const { maxModelLen } = sizes;
    const matryoshka = source.matryoshka();
    const { dtype, loadFormat, dequantize } = options;
    const model = loadTextModel(source, backend, {
      ...{ dtype, loadFormat, dequantize, maxModelLen, onProgress },
      onNeed: (need) => checkPoolingMemory(source.path, need, stepBytes(sizes, config, need.dtype), backend.info),
      withoutHead: true,
    });
    backend.releaseStaging?.();
    const core = new PoolingCore(backend, model, pooling, sizes, stats);
    const info = {
      model: source.path,
      architecture: config.architecture,
      device: `${backend.info.name} (${backend.info.description})`,
      worldSize: 1,
      dtype: model.dtype,
      vocabSize: config.vocabSize,
      maxModelLen,
      maxNumSeqs: sizes.maxNumSeqs,
      maxNumBatchedTokens: sizes.maxNumBatchedTokens,
      maxLogprobs: 0,
      logprobsMode: resolveLogprobsMode(options),
      schedulingPolicy: options.schedulingPolicy ?? "fcfs",
      blockSize: sizes.blockSize,
      slidingWindows: [],
      numBlocks: 0,
      weightBytes: model.weightBytes,
      kvCacheBytes: core.runner.kvCacheBytes,
      kvOffloadingBytes: 0,
      memory: backend.memory(),
      dedicated: backend.info.dedicated,
      loadSeconds: (performance.now() - started) / 1000,
      generationDefaults: {},
      pooling: { type: pooling.type, normalize: pooling.normalize, size: core.runner.size, matryoshka },
    };
    return { core, info, eosTokenIds: config.eosTokenIds };
  } catch (error) {
    backend.dispose();
    throw error;
  }
}
