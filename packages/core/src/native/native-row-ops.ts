// The ops over independent rows, over the calls of an addon; checked as native-ops.ts says.
import type { Batch } from "../batch.js";
import { DTYPES } from "../dtype.js";
import type {
  Activation,
  ActivationOps,
  ElementOps,
  EmbeddingOps,
  GatedActivation,
  NormOps,
  PoolingOps,
} from "../ops.js";
import { elementCount, type Tensor } from "../tensor.js";
import { NativeSamplingOps } from "./native-sampling-ops.js";
import {
  address,
  checkContiguous,
  checkFloat,
  checkHeads,
  checkIndices,
  checkMatrix,
  checkSameDtype,
  checkVector,
  fail,
} from "./op-checks.js";

/** As octavo::Activation of native/include/octavo/op_arguments.h. */
const ACTIVATION_CODES: Readonly<Record<GatedActivation, number>> = {
  silu: 0,
  gelu: 1,
  gelu_tanh: 2,
  relu: 3,
  quick_gelu: 4,
  relu2: 5,
  swiglu_oai: 6,
};

export class NativeRowOps
  extends NativeSamplingOps
  implements EmbeddingOps, NormOps, ElementOps, ActivationOps, PoolingOps
{
  embedding(out: Tensor, table: Tensor, ids: Tensor): void {
    const [tokens, hidden] = out.shape;
    checkPick("embedding", out, table, ids);
    if (tokens === 0) return;
    this.native.embedding(
      this.backend,
      address(out),
      address(table),
      address(ids),
      tokens!,
      table.shape[0]!,
      hidden! * DTYPES[out.dtype].size,
    );
  }

  gatherRows(out: Tensor, x: Tensor, indices: Tensor): void {
    const [samples, hidden] = out.shape;
    checkPick("gatherRows", out, x, indices);
    if (samples === 0) return;
    this.native.gatherRows(
      this.backend,
      address(out),
      address(x),
      address(indices),
      samples!,
      x.shape[0]!,
      hidden! * DTYPES[out.dtype].size,
    );
  }

  addEmbedding(out: Tensor, table: Tensor, ids: Tensor, offset: number): void {
    const [tokens, hidden] = out.shape;
    checkFloat("addEmbedding", out);
    checkPick("addEmbedding", out, table, ids);
    if (!Number.isSafeInteger(offset)) fail("addEmbedding", `the offset is ${offset}, a whole number was expected`);
    if (tokens === 0) return;
    this.native.addEmbedding(
      this.backend,
      DTYPES[out.dtype].code,
      address(out),
      address(table),
      address(ids),
      tokens!,
      hidden!,
      table.shape[0]!,
      offset,
    );
  }

  rmsNorm(out: Tensor, x: Tensor, weight: Tensor, eps: number, weightOffset = 0): void {
    checkNorm("rmsNorm", out, x, weight);
    this.#norm("rmsNorm", out, undefined, x, weight, undefined, eps, weightOffset);
  }

  addRmsNorm(out: Tensor, residual: Tensor, x: Tensor, weight: Tensor, eps: number, weightOffset = 0): void {
    checkAddNorm("addRmsNorm", out, residual, x, weight);
    this.#norm("rmsNorm", out, residual, x, weight, undefined, eps, weightOffset);
  }

  layerNorm(out: Tensor, x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number, weightOffset = 0): void {
    checkNorm("layerNorm", out, x, weight);
    if (bias) checkBias("layerNorm", bias, weight);
    this.#norm("layerNorm", out, undefined, x, weight, bias, eps, weightOffset);
  }

  addLayerNorm(
    out: Tensor,
    residual: Tensor,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | undefined,
    eps: number,
    weightOffset = 0,
  ): void {
    checkAddNorm("addLayerNorm", out, residual, x, weight);
    if (bias) checkBias("addLayerNorm", bias, weight);
    this.#norm("layerNorm", out, residual, x, weight, bias, eps, weightOffset);
  }

  #norm(
    call: "rmsNorm" | "layerNorm",
    out: Tensor,
    residual: Tensor | undefined,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | undefined,
    eps: number,
    weightOffset: number,
  ): void {
    const tokens = x.shape[0]!;
    if (tokens === 0) return;
    this.native[call](
      this.backend,
      DTYPES[x.dtype].code,
      address(out),
      out.strides[0]!,
      residual ? address(residual) : 0,
      address(x),
      x.strides[0]!,
      address(weight),
      weightStride(weight),
      bias ? address(bias) : 0,
      tokens,
      headsOf(x),
      x.shape.at(-1)!,
      eps,
      weightOffset,
    );
  }

  activate(out: Tensor, x: Tensor, activation: Activation): void {
    const code = ACTIVATION_CODES[activation];
    const [tokens, width] = out.shape;
    checkPair("activate", "out", out, x);
    if (code === undefined || code === ACTIVATION_CODES.swiglu_oai) fail("activate", unknownActivation(activation));
    if (tokens === 0) return;
    this.native.activate(this.backend, DTYPES[out.dtype].code, address(out), address(x), tokens!, width!, code);
  }

  gatedActivation(out: Tensor, gateUp: Tensor, activation: GatedActivation): void {
    const code = ACTIVATION_CODES[activation];
    const [tokens, width] = out.shape;
    checkFloat("gatedActivation", out);
    checkSameDtype("gatedActivation", gateUp, out);
    checkMatrix("gatedActivation", "out", out, tokens!, width!);
    checkMatrix("gatedActivation", "gateUp", gateUp, tokens!, 2 * width!);
    checkContiguous("gatedActivation", "out", out);
    checkContiguous("gatedActivation", "gateUp", gateUp);
    if (code === undefined) fail("gatedActivation", unknownActivation(activation));
    if (tokens === 0) return;
    this.native.gatedActivation(
      this.backend,
      DTYPES[out.dtype].code,
      address(out),
      address(gateUp),
      tokens!,
      width!,
      code,
    );
  }

  add(out: Tensor, x: Tensor): void {
    const [tokens, hidden] = out.shape;
    checkPair("add", "out", out, x);
    if (tokens === 0) return;
    this.native.add(this.backend, DTYPES[out.dtype].code, address(out), address(x), tokens!, hidden!);
  }

  scale(x: Tensor, factor: number): void {
    const [tokens, hidden] = x.shape;
    checkPair("scale", "x", x, x);
    if (tokens === 0) return;
    this.native.scale(this.backend, DTYPES[x.dtype].code, address(x), tokens!, hidden!, factor);
  }

  clamp(x: Tensor, limit: number): void {
    const [tokens, hidden] = x.shape;
    checkPair("clamp", "x", x, x);
    if (!(limit > 0)) fail("clamp", `the limit is ${limit}, a number above 0 was expected`);
    if (tokens === 0) return;
    this.native.clamp(this.backend, DTYPES[x.dtype].code, address(x), tokens!, hidden!, limit);
  }

  xielu(x: Tensor, alphas: Tensor): void {
    const [tokens, width] = x.shape;
    checkPair("xielu", "x", x, x);
    if (alphas.dtype !== "float32" || elementCount(alphas.shape) !== 2) {
      fail("xielu", `alphas is ${alphas.dtype} [${alphas.shape}], float32 [2] was expected`);
    }
    checkContiguous("xielu", "alphas", alphas);
    if (tokens === 0) return;
    this.native.xielu(this.backend, DTYPES[x.dtype].code, address(x), address(alphas), tokens!, width!);
  }

  softcap(x: Tensor, cap: number): void {
    const [tokens, hidden] = x.shape;
    checkPair("softcap", "x", x, x);
    if (x.dtype !== "float32") fail("softcap", `x is ${x.dtype}, float32 was expected`);
    if (!(cap > 0)) fail("softcap", `the cap is ${cap}, a number above 0 was expected`);
    if (tokens === 0) return;
    this.native.softcap(this.backend, address(x), tokens!, hidden!, cap);
  }

  meanRows(out: Tensor, x: Tensor, batch: Batch): void {
    const [tokens, hidden] = x.shape;
    const words = this.batchWords.of("meanRows", batch);
    checkFloat("meanRows", x);
    checkMatrix("meanRows", "x", x, tokens!, hidden!);
    checkMatrix("meanRows", "out", out, out.shape[0]!, hidden!);
    checkContiguous("meanRows", "x", x);
    checkContiguous("meanRows", "out", out);
    if (out.dtype !== "float32" || out.shape[0]! < batch.numRows || tokens! < batch.numTokens) {
      const found = `out is ${out.dtype} [${out.shape}], x is [${x.shape}]`;
      fail("meanRows", `${found} for ${batch.numRows} rows of ${batch.numTokens} tokens; out must be float32`);
    }
    if (batch.numRows === 0) return;
    this.native.meanRows(
      this.backend,
      words,
      address(out),
      DTYPES[x.dtype].code,
      address(x),
      tokens!,
      batch.numRows,
      hidden!,
    );
  }
}

function checkPick(op: string, out: Tensor, from: Tensor, indices: Tensor): void {
  checkMatrix(op, "out", out, out.shape[0]!, from.shape[1]!);
  checkSameDtype(op, out, from);
  checkContiguous(op, "out", out);
  checkContiguous(op, "the source", from);
  checkIndices(op, "the indices", indices, out.shape[0]!);
}

/** Both float [T, H], contiguous. */
function checkPair(op: string, name: string, out: Tensor, x: Tensor): void {
  checkFloat(op, out);
  checkSameDtype(op, x, out);
  checkMatrix(op, name, out, out.shape[0]!, out.shape[1]!);
  checkMatrix(op, "x", x, out.shape[0]!, out.shape[1]!);
  checkContiguous(op, name, out);
  checkContiguous(op, "x", x);
}

function checkNorm(op: string, out: Tensor, x: Tensor, weight: Tensor): void {
  const [tokens, width, headDim] = x.shape;
  const hidden = headDim ?? width!;
  checkFloat(op, x);
  checkSameDtype(op, out, x);
  checkSameDtype(op, weight, x);
  if (headDim === undefined) {
    checkRows(op, "x", x, tokens!, hidden);
    checkRows(op, "out", out, tokens!, hidden);
  } else {
    checkHeads(op, "x", x, tokens!, headDim);
    checkHeads(op, "out", out, tokens!, headDim);
    if (out.shape[1] !== width) fail(op, `out is [${out.shape}], x is [${x.shape}]`);
  }
  if (weight.shape.length !== 2) {
    checkVector(op, "weight", weight, hidden);
  } else {
    checkMatrix(op, "weight", weight, headsOf(x), hidden);
    checkContiguous(op, "weight", weight);
  }
}

function checkAddNorm(op: string, out: Tensor, residual: Tensor, x: Tensor, weight: Tensor): void {
  const hidden = x.shape[1]!;
  checkPair(op, "out", out, x);
  checkPair(op, "residual", residual, x);
  checkVector(op, "weight", weight, hidden);
  checkSameDtype(op, weight, x);
}

function checkBias(op: string, bias: Tensor, weight: Tensor): void {
  checkSameDtype(op, bias, weight);
  checkContiguous(op, "bias", bias);
  if (bias.shape.length !== weight.shape.length || bias.shape.some((size, i) => size !== weight.shape[i])) {
    fail(op, `bias is [${bias.shape}], weight is [${weight.shape}]`);
  }
}

/** [tokens, hidden], each row contiguous. */
function checkRows(op: string, name: string, t: Tensor, tokens: number, hidden: number): void {
  checkMatrix(op, name, t, tokens, hidden);
  if (t.strides[1] !== 1) fail(op, `the rows of ${name} [${t.shape}] must be contiguous`);
}

function headsOf(x: Tensor): number {
  return x.shape.length === 3 ? x.shape[1]! : 1;
}

/** Elements from one head's weights to the next one's: 0 where all share them. */
function weightStride(weight: Tensor): number {
  return weight.shape.length === 2 ? weight.shape[1]! : 0;
}

function unknownActivation(activation: string): string {
  return `there is no activation ${activation} here; there are ${Object.keys(ACTIVATION_CODES).join(", ")}, the last one only gated`;
}
