// How a layer's keys and values lie in the cache.
import { slice, type Tensor } from "@octavo/core";
import type { ModelConfig } from "./model-config.js";

/** Tensors that a layer has there: keys and values, or keys that hold the values. */
export function kvTensorsPerLayer({ valueInKey }: Pick<ModelConfig, "valueInKey">): 1 | 2 {
  return valueInKey === undefined ? 2 : 1;
}

/**
 * A layer's values.
 * @param keys [blocks, kvHeads, blockSize, headDim]
 * @param values gives the tensor beside it; asked only where there is one
 */
export function valuesOf({ valueInKey }: Pick<ModelConfig, "valueInKey">, keys: Tensor, values: () => Tensor): Tensor {
  return valueInKey ? slice(keys, 3, valueInKey.first, valueInKey.first + valueInKey.size) : values();
}
