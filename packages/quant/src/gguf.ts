// GGUF weights: `<name>.weight` plain or in blocks, tensor by tensor as the file has it, and `<name>.bias`; of stacked layers
// `<name>.<index>.weight`.
import type { BlockFormat, CanonicalPlanes, LinearPart } from "@octavo/core";
import { decodeTensor, readBlocks, readDense } from "./decode-tensor.js";
import type { LinearRequest, QuantScheme } from "./scheme.js";
import type { TensorSource } from "./tensor-source.js";
import { readTensor, type TensorSpec } from "./tensor-spec.js";
import { transpose } from "./transpose.js";
import { sliceOf, unquantized } from "./unquantized.js";

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
      const own = ownTensors(linear);
      const { name, outFeatures } = own;
      const [weight, bias] = unquantized.tensors(own) as [TensorSpec, TensorSpec?];
      return {
        name,
        outFeatures,
        planes: planesOf(own, weight, source, packed),
        bias: bias && sliceOf(own, readDense(source, bias)),
      };
    },
  };
}

/** Whatever a checkpoint has, in GGUF a layer has tensors of its own, as [outFeatures, inFeatures]; but slices of tensors are as there. */
function ownTensors({ stack, transposed, ...linear }: LinearRequest): LinearRequest {
  if (linear.slice !== undefined) return { ...linear, transposed };
  return stack === undefined ? linear : { ...linear, name: `${linear.name}.${stack.index}` };
}

function planesOf(
  linear: LinearRequest,
  spec: TensorSpec,
  source: TensorSource,
  packed: readonly BlockFormat[],
): CanonicalPlanes {
  const format = source.blockFormat?.(spec.name);
  const { slice, transposed = false } = linear;
  const first = slice?.first ?? 0;
  const rows = transposed ? linear.inFeatures : linear.outFeatures;
  if (format !== undefined && packed.includes(format) && !transposed) {
    return { format, blocks: readBlocks(source, spec, format, first, rows) };
  }
  const weight =
    format === undefined ? sliceOf(linear, readTensor(source, spec)) : decodeTensor(source, spec, format, first, rows);
  return { format: "dense", weight: transposed ? transpose(weight) : weight };
}
