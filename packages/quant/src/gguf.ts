// GGUF weights: `<name>.weight` plain or in blocks, tensor by tensor as the file has it, and `<name>.bias`; of stacked layers
// `<name>.<index>.weight`.
import type { BlockFormat, CanonicalPlanes, LinearPart } from "@octavo/core";
import { decodeTensor, readBlocks, readDense } from "./decode-tensor.js";
import type { LinearRequest, QuantScheme } from "./scheme.js";
import type { TensorSource } from "./tensor-source.js";
import { floatSpec, readTensor, type TensorSpec } from "./tensor-spec.js";
import { unquantized } from "./unquantized.js";

/** What is kept in blocks. */
export interface GgufSchemeOptions {
  /** Formats that the backend computes as they are (`BackendInfo.blockFormats`). Default: none, everything is decoded. */
  readonly packed?: readonly BlockFormat[];
}

/** The weights of a GGUF file: blocks stay blocks where `packed` has their format, else they are decoded to float32 planes. */
export function ggufScheme({ packed = [] }: GgufSchemeOptions = {}): QuantScheme {
  return {
    name: "gguf",
    tensors: (linear) => unquantized.tensors(ownTensors(linear)),
    decode(linear: LinearRequest, source: TensorSource): LinearPart {
      const { name, outFeatures, inFeatures } = ownTensors(linear);
      const planes = planesOf(floatSpec(`${name}.weight`, [outFeatures, inFeatures]), source, packed);
      const bias = linear.bias ? readDense(source, floatSpec(`${name}.bias`, [outFeatures])) : undefined;
      return { name, outFeatures, planes, bias };
    },
  };
}

/** Whatever a checkpoint has, in GGUF a layer has tensors of its own, as [outFeatures, inFeatures]. */
function ownTensors({ stack, transposed: _, ...linear }: LinearRequest): LinearRequest {
  return stack === undefined ? linear : { ...linear, name: `${linear.name}.${stack.index}` };
}

function planesOf(spec: TensorSpec, source: TensorSource, packed: readonly BlockFormat[]): CanonicalPlanes {
  const format = source.blockFormat?.(spec.name);
  if (format === undefined) return { format: "dense", weight: readTensor(source, spec) };
  if (packed.includes(format)) return { format, blocks: readBlocks(source, spec, format) };
  return { format: "dense", weight: decodeTensor(source, spec, format) };
}
