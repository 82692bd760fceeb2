// What a checkpoint tensor must look like, and the check that it does.
import { type DType, FLOAT_DTYPES, OctavoError, reshape, type Tensor } from "@octavo/core";
import type { TensorSource } from "./tensor-source.js";

/** A tensor that a checkpoint must hold. */
export interface TensorSpec {
  /** In the checkpoint. */
  readonly name: string;
  /** In elements, row-major. A checkpoint may have dimensions of 1 beside them, or lack those (GGUF does). */
  readonly shape: readonly number[];
  /** Any of these. */
  readonly dtypes: readonly DType[];
}

/** A plain tensor of any float dtype: norms, embeddings, biases, unquantized weights. */
export function floatSpec(name: string, shape: readonly number[]): TensorSpec {
  return { name, shape, dtypes: FLOAT_DTYPES };
}

/** The tensor that `spec` describes. @throws CHECKPOINT with name, file, found and expected when it is missing or differs */
export function readTensor(source: TensorSource, spec: TensorSpec): Tensor {
  const found = source.tensor(spec.name);
  if (spec.dtypes.includes(found.dtype)) {
    if (`${found.shape}` === `${spec.shape}`) return found;
    if (`${withoutOnes(found.shape)}` === `${withoutOnes(spec.shape)}`) return reshape(found, spec.shape);
  }
  throw new OctavoError({
    code: "CHECKPOINT",
    message:
      `tensor ${spec.name} in ${source.origin(spec.name)} is ${found.dtype} [${found.shape}], ` +
      `expected ${spec.dtypes.join(" or ")} [${spec.shape}]: the weights do not belong to this config, or are damaged`,
    param: spec.name,
  });
}

function withoutOnes(shape: readonly number[]): number[] {
  return shape.filter((size) => size !== 1);
}
