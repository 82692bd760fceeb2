// RMSNorm (Zhang and Sennrich 2019) and LayerNorm (Ba et al. 2016), alone and after adding to the residual.
import type { Tensor } from "../../tensor.js";
import { load, store } from "../elements.js";

export function rmsNorm(out: Tensor, x: Tensor, weight: Tensor, eps: number, weightOffset = 0): void {
  forEachRow(out, x, (row, at) => {
    let squares = 0;
    for (const value of row) squares += value * value;
    const scale = 1 / Math.sqrt(squares / row.length + eps);
    const factors = parameters(weight, at, row.length);
    for (let i = 0; i < row.length; i++) row[i] = row[i]! * scale * (weightOffset + factors[i]!);
  });
}

export function layerNorm(
  out: Tensor,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  eps: number,
  weightOffset = 0,
): void {
  forEachRow(out, x, (row, at) => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    let squares = 0;
    for (const value of row) squares += (value - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / row.length + eps);
    const factors = parameters(weight, at, row.length);
    const added = bias && parameters(bias, at, row.length);
    for (let i = 0; i < row.length; i++)
      row[i] = (row[i]! - mean) * scale * (weightOffset + factors[i]!) + (added?.[i] ?? 0);
  });
}

export function addRmsNorm(
  out: Tensor,
  residual: Tensor,
  x: Tensor,
  weight: Tensor,
  eps: number,
  weightOffset = 0,
): void {
  addRows(residual, x);
  rmsNorm(out, residual, weight, eps, weightOffset);
}

export function addLayerNorm(
  out: Tensor,
  residual: Tensor,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  eps: number,
  weightOffset = 0,
): void {
  addRows(residual, x);
  layerNorm(out, residual, weight, bias, eps, weightOffset);
}

/** out += x for rows, [T, H]. */
export function addRows(out: Tensor, x: Tensor): void {
  const [tokens, hidden] = out.shape as [number, number];
  const sum = new Float64Array(hidden);
  const added = new Float64Array(hidden);
  for (let t = 0; t < tokens; t++) {
    load(sum, out, t * out.strides[0]!);
    load(added, x, t * x.strides[0]!);
    for (let i = 0; i < hidden; i++) sum[i] = sum[i]! + added[i]!;
    store(out, t * out.strides[0]!, sum);
  }
}

/** Changes each row of x, [T, H] or [T, N, H], and stores it in out. `head` is 0 where there are no heads. */
function forEachRow(out: Tensor, x: Tensor, change: (row: Float64Array, head: number) => void): void {
  const hidden = x.shape.at(-1)!;
  const heads = x.shape.length === 3 ? x.shape[1]! : 1;
  const row = new Float64Array(hidden);
  for (let t = 0; t < x.shape[0]!; t++) {
    for (let head = 0; head < heads; head++) {
      load(row, x, t * x.strides[0]! + head * hidden);
      change(row, head);
      store(out, t * out.strides[0]! + head * hidden, row);
    }
  }
}

/** A head's row of [N, H], or [H], which all heads share. */
function parameters(t: Tensor, head: number, hidden: number): Float64Array {
  const values = new Float64Array(hidden);
  load(values, t, t.shape.length === 2 ? head * hidden : 0);
  return values;
}
