// From a model on disk to a core that generates, with the facts that the client shows.
import { type Backend, heldBytes } from "@octavo/core";
import { kvBytesPerBlock, loadModel, type ModelSource, openModel } from "@octavo/models";
import type { EngineInfo } from "../engine.js";
import { type EngineOptions, resolveLogprobsMode } from "../engine-options.js";
import { resolveBatch, resolveMaxModelLen, resolveSizes, wholePrompts } from "../engine-sizes.js";
import { resolveEndTokens, resolveGenerationDefaults } from "../generation-config.js";
import { checkShare, shareOf } from "../kv-budget.js";
import { resolveLayerGroups } from "../kv-groups.js";
import { kvNeed } from "../kv-need.js";
import { loadBackend } from "../load-backend.js";
import type { LoadListener } from "../load-listener.js";
import { draftMemory, loadDraftModel } from "../speculation/load-draft-model.js";
import { checkMemory } from "./check-memory.js";
import { EngineCore } from "./engine-core.js";
import { loadUserModules } from "./user-modules.js";

export interface LoadedCore<C = EngineCore> {
  readonly core: C;
  readonly info: EngineInfo;
  /** The model's end tokens, from generation_config.json or config.json. */
  readonly eosTokenIds: readonly number[];
}

/**
 * Loads a model that generates.
 * @param given a path, or what `openModel` gave
 * @param stats a Float64Array over `createStatsBuffer()`
 * @param foreign a backend of your own instead of `options.device`; the core owns it from here
 * @param wakeBuffer int32 [1]: raised and notified when a sleeping core has something to do; whoever sleeps waits for it
 * @param onProgress told after each of `total` parameters of the model
 */
export async function loadCore(
  given: string | ModelSource,
  options: EngineOptions,
  stats: Float64Array,
  foreign?: Backend,
  wakeBuffer = new SharedArrayBuffer(4),
  onProgress?: LoadListener["onProgress"],
): Promise<LoadedCore> {
  const started = performance.now();
  const source = typeof given === "string" ? openModel(given) : given;
  const { config } = source;
  const maxModelLen = resolveMaxModelLen(options, config.maxPositions);
  const { numThreads, batchInvariant } = options;
  resolveBatch(options, wholePrompts(options, maxModelLen)); // loading may take minutes: what is wrong is said before
  const layerGroups = resolveLayerGroups(options, config, maxModelLen);
  const modules = await loadUserModules(options);
  const backend = foreign ?? (await loadBackend(options.device ?? "auto", { numThreads, batchInvariant }));
  try {
    checkShare(options, backend.info, () => backend.describeMemory?.() ?? "");
    const { dtype, loadFormat, dequantize } = options;
    const model = loadModel(source, backend, {
      ...{ dtype, loadFormat, dequantize, maxModelLen, onProgress },
      onNeed: (need) => {
        checkMemory(source.path, options, need, kvNeed(options, config, need.dtype, backend.info), backend.info);
      },
    });
    const draft = loadDraftModel(options, model, backend, maxModelLen);
    const beside = draft && draftMemory(draft);
    backend.releaseStaging?.();
    const sizes = resolveSizes(
      options,
      {
        maxPositions: config.maxPositions,
        vocabSize: config.vocabSize,
        weightBytes: backend.info.dedicated
          ? heldBytes(backend.memory())
          : model.weightBytes + (beside?.weightBytes ?? 0),
        workspaceBytes: model.workspaceBytes.bind(model),
        layerGroups,
        kvBytesPerBlock: (blockSize) => kvBytesPerBlock(config, model.dtype, blockSize, layerGroups.layersPerGroup),
        draft,
      },
      backend.info,
      backend.capture !== undefined,
    );
    const core = new EngineCore(backend, model, sizes, options, stats, modules, wakeBuffer, draft);
    const info: EngineInfo = {
      model: source.path,
      architecture: config.architecture,
      device: `${backend.info.name} (${backend.info.description})`,
      worldSize: 1,
      dtype: model.dtype,
      vocabSize: config.vocabSize,
      maxModelLen: sizes.maxModelLen,
      maxNumSeqs: sizes.maxNumSeqs,
      maxNumBatchedTokens: sizes.maxNumBatchedTokens,
      maxLogprobs: sizes.maxLogprobs,
      logprobsMode: resolveLogprobsMode(options),
      schedulingPolicy: options.schedulingPolicy ?? "fcfs",
      blockSize: sizes.blockSize,
      numBlocks: sizes.numBlocks,
      slidingWindows: layerGroups.slidingWindows.map((window) => (Number.isFinite(window) ? window : null)),
      weightBytes: model.weightBytes + (beside?.weightBytes ?? 0),
      kvCacheBytes: sizes.kvCacheBytes,
      kvOffloadingBytes: sizes.kvOffloadingBytes,
      memory: backend.memory(),
      dedicated: backend.info.dedicated && {
        ...backend.info.dedicated,
        shareBytes: options.kvCacheMemoryBytes === undefined ? shareOf(options, backend.info.dedicated) : undefined,
      },
      loadSeconds: (performance.now() - started) / 1000,
      generationDefaults: resolveGenerationDefaults(options, source),
    };
    return { core, info, eosTokenIds: resolveEndTokens(options, config.eosTokenIds) };
  } catch (error) {
    backend.dispose();
    throw error;
  }
}
