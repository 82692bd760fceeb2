// Plain weights: `<name>.weight` [outFeatures, inFeatures] and, where the layer has one, `<name>.bias` [outFeatures]; or one of
// several in a tensor.
import { type LinearPart, reshape, slice, type Tensor } from "@octavo/core";
import { isArranged, type LinearRequest, type QuantScheme } from "./scheme.js";
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
    const { name, outFeatures, transposed = false, bias, slice: part } = linear;
    const arranged = isArranged(linear, source);
    const isTurned = transposed && !(arranged && part === undefined);
    const found = pick(linear, readTensor(source, weightSpec({ ...linear, transposed: isTurned })));
    return {
      name,
      outFeatures,
      planes: { format: "dense", weight: isTurned ? turned(linear, found, arranged) : found },
      bias: bias ? pick(linear, readTensor(source, biasSpec(linear))) : undefined,
    };
  },
};

/** [inFeatures, outFeatures] the other way round; of weights whose order has no meaning as another view. */
function turned({ inFeatures, outFeatures }: LinearRequest, found: Tensor, arranged: boolean): Tensor {
  return arranged ? reshape(found, [outFeatures, inFeatures]) : transpose(found);
}

function weightSpec({
  name,
  outFeatures,
  inFeatures,
  transposed = false,
  stack,
  slice: part,
}: LinearRequest): TensorSpec {
  const [rows, columns] = transposed ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
  const shape = [part?.count ?? rows, columns];
  return stack ? floatSpec(name, [stack.count, ...shape]) : floatSpec(`${name}.weight`, shape);
}

function biasSpec({ name, biasName = `${name}.bias`, outFeatures, stack, slice: part }: LinearRequest): TensorSpec {
  const rows = part?.count ?? outFeatures;
  return stack ? floatSpec(`${name}_bias`, [stack.count, rows]) : floatSpec(biasName, [rows]);
}

/** The layer's own part of a tensor. */
function pick(linear: LinearRequest, found: Tensor): Tensor {
  const { stack } = linear;
  const own = stack ? reshape(slice(found, 0, stack.index, stack.index + 1), found.shape.slice(1)) : found;
  return sliceOf(linear, own);
}

/** The rows of a tensor, or its elements, that are the layer's. */
export function sliceOf({ inFeatures, outFeatures, transposed, slice: part }: LinearRequest, found: Tensor): Tensor {
  return part ? slice(found, 0, part.first, part.first + (transposed ? inFeatures : outFeatures)) : found;
}
