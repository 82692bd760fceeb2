// All that `octavo inspect` tells of a model: what it is, what serving it takes, and what would run it here.
import { type FloatDType, isGguf, OctavoError } from "@octavo/core";
import { describeModel, type ModelDescription } from "@octavo/models";
import { hasTokenizerFile } from "@octavo/tokenizer";
import { type DeviceForModel, devicesForModel } from "./devices-for-model.js";
import type { EngineOptions } from "./engine-options.js";
import { lacksTokenizer } from "./load-tokenizer.js";
import { type ServingNeed, servingNeed } from "./serving-need.js";

/** What is known of a model from its headers. */
export interface Inspection {
  /** `problems` has what keeps it from being served with these options, too. */
  readonly description: ModelDescription;
  /** Null where Octavo cannot run the model. */
  readonly serving: ServingNeed | null;
  readonly devices: readonly DeviceForModel[];
}

export type InspectOptions = Pick<EngineOptions, "dtype" | "maxModelLen" | "dequantize">;

/** Tokens a block where no device says otherwise: every backend's usual. */
const BLOCK_SIZE = 16;

/**
 * Reads headers; no weight is read.
 * @param name what the model is called in messages. Default: its path
 * @throws CHECKPOINT where there is nothing to read at all
 */
export async function inspectModel(path: string, options: InspectOptions = {}, name = path): Promise<Inspection> {
  const found = describeModel(path);
  const problems = [...found.problems];
  if (!isGguf(path) && !hasTokenizerFile(path)) problems.push(lacksTokenizer(path).message);
  const devices = await devicesForModel(found, options);
  const dtype = devices.find(({ weights }) => weights !== null)?.weights?.dtype;
  let serving: ServingNeed | null = null;
  try {
    serving = servingOf(found, options, dtype);
  } catch (error) {
    if (!OctavoError.isInstance(error)) throw error;
    problems.push(error.message);
  }
  const named = (text: string) => text.replaceAll(path, name);
  return {
    description: {
      ...found,
      path: name,
      tensors: found.tensors.map((tensor) => ({ ...tensor, path: named(tensor.path) })),
      problems: problems.map(named),
    },
    serving,
    devices: devices.map((device) => ({ ...device, problem: device.problem && named(device.problem) })),
  };
}

function servingOf(
  { path, config, pooling }: ModelDescription,
  options: InspectOptions,
  dtype: FloatDType | undefined,
): ServingNeed | null {
  if (config === null) return null;
  return servingNeed({ path, config, pooling }, options, dtype ?? config.dtype, { blockSize: BLOCK_SIZE });
}
