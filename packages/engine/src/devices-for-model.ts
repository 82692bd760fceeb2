// What would run a model here: every device as an engine would use it, judged from headers alone.
import { OctavoError } from "@octavo/core";
import { type ModelDescription, resolveDType, type WeightNeed, weightNeed } from "@octavo/models";
import type { EngineOptions } from "./engine-options.js";
import { loadBackend } from "./load-backend.js";
import { checkServing } from "./serving-need.js";

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
  { path, config, pooling, tensors }: ModelDescription,
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
        checkServing({ path, config, pooling }, options, weights, backend);
      }
    } finally {
      backend.dispose();
    }
  } catch (error) {
    problem = OctavoError.from(error).message;
  }
  return { device, description, availableBytes, weights, problem };
}
