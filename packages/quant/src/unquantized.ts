// Plain weights: `<name>.weight` [outFeatures, inFeatures] and, where the layer has one, `<name>.bias` [outFeatures].
import type { LinearPart } from "@octavo/core";
import type { LinearRequest, QuantScheme } from "./scheme.js";
import type { TensorSource } from "./tensor-source.js";
import { floatSpec, readTensor, type TensorSpec } from "./tensor-spec.js";

/** Weights in float32, float16 or bfloat16. Nothing is copied: the planes are the checkpoint's own tensors. */
export const unquantized: QuantScheme = {
  name: "unquantized",
  tensors(linear: LinearRequest): TensorSpec[] {
    return linear.bias ? [weightSpec(linear), biasSpec(linear)] : [weightSpec(linear)];
  },
  decode(linear: LinearRequest, source: TensorSource): LinearPart {
    const { name, outFeatures } = linear;
    const weight = readTensor(source, weightSpec(linear));
    const bias = linear.bias ? readTensor(source, biasSpec(linear)) : undefined;
    return { name, outFeatures, planes: { format: "dense", weight }, bias };
  },
};

function weightSpec({ name, outFeatures, inFeatures }: LinearRequest): TensorSpec {
  return floatSpec(`${name}.weight`, [outFeatures, inFeatures]);
}

function biasSpec({ name, outFeatures }: LinearRequest): TensorSpec {
  return floatSpec(`${name}.bias`, [outFeatures]);
}
