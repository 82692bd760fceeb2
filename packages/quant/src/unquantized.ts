// Plain weights: `<name>.weight` [outFeatures, inFeatures] and, where the layer has one, `<name>.bias` [outFeatures].
import type { LinearPart } from "@octavo/core";
import type { LinearRequest, QuantScheme } from "./scheme.js";
import type { TensorSource } from "./tensor-source.js";
import { floatSpec, readTensor, type TensorSpec } from "./tensor-spec.js";
import { transpose } from "./transpose.js";

/** Weights in float32, float16 or bfloat16. Nothing is copied but transposed ones: the planes are the checkpoint's own tensors. */
export const unquantized: QuantScheme = {
  name: "unquantized",
  tensors(linear: LinearRequest): TensorSpec[] {
    return linear.bias ? [storedSpec(linear), biasSpec(linear)] : [storedSpec(linear)];
  },
  decode(linear: LinearRequest, source: TensorSource): LinearPart {
    const { name, outFeatures } = linear;
    const weight =
      linear.transposed && !source.isArranged
        ? transpose(readTensor(source, storedSpec(linear)))
        : readTensor(source, weightSpec(linear));
    const bias = linear.bias ? readTensor(source, biasSpec(linear)) : undefined;
    return { name, outFeatures, planes: { format: "dense", weight }, bias };
  },
};

/** As the checkpoint has it. */
function storedSpec(linear: LinearRequest): TensorSpec {
  const { name, outFeatures, inFeatures, transposed = false } = linear;
  return transposed ? floatSpec(`${name}.weight`, [inFeatures, outFeatures]) : weightSpec(linear);
}

function weightSpec({ name, outFeatures, inFeatures }: LinearRequest): TensorSpec {
  return floatSpec(`${name}.weight`, [outFeatures, inFeatures]);
}

function biasSpec({ name, outFeatures }: LinearRequest): TensorSpec {
  return floatSpec(`${name}.bias`, [outFeatures]);
}
