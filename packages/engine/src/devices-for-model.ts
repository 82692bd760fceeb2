// What would run a model here, for `octavo inspect`: every device as an engine would use it, judged from headers alone.
import { OctavoError } from "@octavo/core";
import { kvBytesPerBlock, type ModelDescription, resolveDType, type WeightNeed, weightNeed } from "@octavo/models";
import { checkMemory } from "./core/check-memory.js";
import type { EngineOptions } from "./engine-options.js";
import { resolveBatch, resolveMaxModelLen } from "./engine-sizes.js";
import { checkShare } from "./kv-budget.js";
import { resolveLayerGroups } from "./kv-groups.js";
import { loadBackend } from "./load-backend.js";

/** A device, and what it makes of a model. */
export interface DeviceForModel {
  /** What `device` calls it. */
  readonly device: "cpu" | "cuda";
  /** The backend's own words; null: it cannot be used. */
  readonly description: string | null;
  /** Bytes that are free for a model. */
  readonly availableBytes: number | null;
  /** What the weights take there; null where that is not known. */
  readonly weights: WeightNeed | null;
  /** Why the model does not run there, and what to do; null: it does, as far as its files are there to tell. */
  readonly problem: string | null;
}

const DEVICES = ["cpu", "cuda"] as const;

/** Every device. @param options as an engine would get them */
export async function devicesForModel(
  model: ModelDescription,
  options: Pick<EngineOptions, "dtype" | "maxModelLen" | "dequantize"> = {},
): Promise<DeviceForModel[]> {
  const devices: DeviceForModel[] = [];
  for (const device of DEVICES) devices.push(await judge(device, model, options));
  return devices;
}

async function judge(
  device: DeviceForModel["device"],
  { path, config, tensors }: ModelDescription,
  options: EngineOptions,
): Promise<DeviceForModel> {
  let description: string | null = null;
  let availableBytes: number | null = null;
  let weights: WeightNeed | null = null;
  let problem: string | null = null;
  try {
    const backend = await loadBackend(device, {});
    const { info } = backend;
    try {
      ({ description, availableBytes } = info);
      if (config !== null && tensors.length > 0) {
        const dtype = resolveDType(options.dtype ?? "auto", config.dtype, info);
        weights = weightNeed(tensors, { dtype, packed: options.dequantize ? [] : (info.blockFormats ?? []) });
        checkShare(options, info, () => backend.describeMemory?.() ?? "");
        const { blockSize } = info;
        const maxModelLen = resolveMaxModelLen(options, config.maxPositions);
        const { slidingWindows, layersPerGroup } = resolveLayerGroups(options, config, maxModelLen);
        const blockBytes = kvBytesPerBlock(config, dtype, blockSize, layersPerGroup);
        const { maxNumBatchedTokens } = resolveBatch(options);
        const kv = { maxModelLen, blockSize, blockBytes, slidingWindows, maxNumBatchedTokens };
        checkMemory(path, options, weights, kv, info);
      }
    } finally {
      backend.dispose();
    }
  } catch (error) {
    problem = OctavoError.from(error).message;
  }
  return { device, description, availableBytes, weights, problem };
}
