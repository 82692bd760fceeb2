// The oracle: every op as plain loops over plain JavaScript memory, float64 inside, rounded once where it is stored.
import type { Backend, BackendInfo } from "../../backend.js";
import { BLOCK_FORMATS, type BlockFormat } from "../../blocks/format.js";
import { type DType, FLOAT_DTYPES, isFloatDType } from "../../dtype.js";
import { checkArgument, OctavoError } from "../../errors.js";
import type { ExpertWeights } from "../../experts.js";
import type { LinearPart, LinearSpec, LinearWeight } from "../../linear.js";
import type { Ops } from "../../ops.js";
import type { RandomValues } from "../../random-fill.js";
import { byteSize, contiguousStrides, isContiguous, type Tensor, tensor } from "../../tensor.js";
import { copyElements, load, store } from "../elements.js";
import { HostBackend } from "../host-backend.js";
import { activate, gatedActivation } from "./activation.js";
import { adjustLogits } from "./adjust-logits.js";
import { encoderAttention, pagedAttention, writeKv } from "./attention.js";
import { prepareBatch } from "./batch.js";
import { add, clamp, scale, softcap, xielu } from "./element.js";
import { addEmbedding, embedding, gatherRows } from "./embedding.js";
import { combineExperts, expertLinear, headLinear, ReferenceExpertWeights, routeExperts } from "./experts.js";
import { linear, ReferenceLinearWeight } from "./linear.js";
import { logprobs } from "./logprobs.js";
import { addLayerNorm, addRmsNorm, layerNorm, rmsNorm } from "./norm.js";
import { meanRows } from "./pooling.js";
import { fillRandom } from "./random-fill.js";
import { rope } from "./rope.js";
import { filterLogits, sample } from "./sampling.js";

const OPS: Ops = {
  prepareBatch,
  embedding,
  gatherRows,
  addEmbedding,
  rmsNorm,
  addRmsNorm,
  layerNorm,
  addLayerNorm,
  add,
  scale,
  clamp,
  softcap,
  xielu,
  rope,
  writeKv,
  pagedAttention,
  encoderAttention,
  linear,
  routeExperts,
  expertLinear,
  headLinear,
  combineExperts,
  activate,
  gatedActivation,
  meanRows,
  adjustLogits,
  filterLogits,
  sample,
  logprobs,
};

/**
 * A backend that is right rather than fast: what every kernel is compared with. It runs whole models of a few million
 * parameters.
 */
export function createReferenceBackend(): Backend {
  return new ReferenceBackend();
}

class ReferenceBackend extends HostBackend {
  readonly info: BackendInfo = {
    name: "reference",
    description: "plain loops in JavaScript",
    dtypes: FLOAT_DTYPES,
    blockFormats: Object.keys(BLOCK_FORMATS) as BlockFormat[],
    blockSize: 16,
    availableBytes: 2 ** 30,
    depth: 1,
  };
  readonly ops = OPS;

  constructor() {
    super("reference");
  }

  upload(source: Tensor, dtype: DType): Tensor {
    if (source.dtype === dtype && isContiguous(source)) return source;
    if (
      source.dtype !== dtype &&
      !(isFloatDType(dtype) && (isFloatDType(source.dtype) || source.dtype === "float64"))
    ) {
      throw new OctavoError({ code: "UNSUPPORTED", message: `cannot upload ${source.dtype} as ${dtype}` });
    }
    const uploaded = tensor(dtype, source.shape, this.allocate(byteSize(dtype, source.shape), "weights"));
    const rowLength = source.shape.at(-1) ?? 1;
    checkArgument(
      source.shape.length === 0 || source.strides.at(-1) === 1 || rowLength === 1,
      `cannot upload [${source.shape}] with strides [${source.strides}]: its rows are not contiguous`,
    );
    const row = new Float64Array(rowLength);
    forEachRow(source, (from, to) => {
      if (source.dtype === dtype) {
        copyElements(uploaded, to, source, from, rowLength);
      } else {
        load(row, source, from);
        store(uploaded, to, row);
      }
    });
    return uploaded;
  }

  fillRandom(target: Tensor, values: RandomValues): void {
    fillRandom(target, values);
  }

  prepareLinear(spec: LinearSpec): LinearWeight {
    return new ReferenceLinearWeight(this.allocations, spec);
  }

  updateLinear(weight: LinearWeight, index: number, part: LinearPart): void {
    checkArgument(weight instanceof ReferenceLinearWeight, "the weight was prepared by another backend");
    weight.update(index, part);
  }

  prepareExperts(weights: readonly LinearWeight[]): ExpertWeights {
    return new ReferenceExpertWeights(weights);
  }
}

/** Visits the rows (last dimension) of a tensor: element offsets in `t` and in a contiguous copy of it. */
function forEachRow(t: Tensor, visit: (from: number, to: number) => void): void {
  const packed = contiguousStrides(t.shape);
  const outer = t.shape.length - 1;
  const walk = (dim: number, from: number, to: number): void => {
    if (dim >= outer) {
      visit(from, to);
      return;
    }
    for (let i = 0; i < t.shape[dim]!; i++) walk(dim + 1, from + i * t.strides[dim]!, to + i * packed[dim]!);
  };
  walk(0, 0, 0);
}
