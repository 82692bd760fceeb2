// Plain weights: `<name>.weight` [outFeatures, inFeatures] and, where the layer has one, `<name>.bias` [outFeatures]; or one of
// several in a tensor.
import { type LinearPart, reshape, slice, type Tensor } from "@octavo/core";
import type { LinearRequest, QuantScheme } from "./scheme.js";
import type { TensorSource } from "./tensor-source.js";
import { floatSpec, readTensor, type TensorSpec } from "./tensor-spec.js";
import { transpose } from "./transpose.js";

/** Weights in float32, float16 or bfloat16. Nothing is copied but transposed ones: the planes are the checkpoint's own tensors. */
export const unquantized: QuantScheme = {
  name: "unquantized",
  tensors(linear: LinearRequest): TensorSpec[] {
    return linear.bias ? [weightSpec(linear), biasSpec(linear)] : [weightSpec(linear)];
  },
  decode(linear: LinearRequest, source: TensorSource): LinearPart {
    const { name, outFeatures, transposed = false, bias } = linear;
    const isTurned = transposed && !source.isArranged;
    const found = pick(linear, readTensor(source, weightSpec({ ...linear, transposed: isTurned })));
    return {
      name,
      outFeatures,
      planes: { format: "dense", weight: isTurned ? transpose(found) : found },
      bias: bias ? pick(linear, readTensor(source, biasSpec(linear))) : undefined,
    };
  },
};

function weightSpec({ name, outFeatures, inFeatures, transposed = false, stack }: LinearRequest): TensorSpec {
  const shape = transposed ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
  return stack ? floatSpec(name, [stack.count, ...shape]) : floatSpec(`${name}.weight`, shape);
}

function biasSpec({ name, outFeatures, stack }: LinearRequest): TensorSpec {
  return stack ? floatSpec(`${name}_bias`, [stack.count, outFeatures]) : floatSpec(`${name}.bias`, [outFeatures]);
}

/** The layer's own part of a tensor. */
function pick({ stack }: LinearRequest, found: Tensor): Tensor {
  if (stack === undefined) return found;
  return reshape(slice(found, 0, stack.index, stack.index + 1), found.shape.slice(1));
}
