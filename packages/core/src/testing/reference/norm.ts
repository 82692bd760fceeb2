// RMSNorm (Zhang and Sennrich 2019), alone and after adding to the residual.
import type { Tensor } from "../../tensor.js";
import { load, store } from "../elements.js";

export function rmsNorm(out: Tensor, x: Tensor, weight: Tensor, eps: number): void {
  const [tokens, hidden] = x.shape as [number, number];
  const row = new Float64Array(hidden);
  const factors = new Float64Array(hidden);
  load(factors, weight, 0);
  for (let t = 0; t < tokens; t++) {
    load(row, x, t * x.strides[0]!);
    let squares = 0;
    for (let i = 0; i < hidden; i++) squares += row[i]! * row[i]!;
    const scale = 1 / Math.sqrt(squares / hidden + eps);
    for (let i = 0; i < hidden; i++) row[i] = row[i]! * scale * factors[i]!;
    store(out, t * out.strides[0]!, row);
  }
}

export function addRmsNorm(out: Tensor, residual: Tensor, x: Tensor, weight: Tensor, eps: number): void {
  const [tokens, hidden] = x.shape as [number, number];
  const sum = new Float64Array(hidden);
  const added = new Float64Array(hidden);
  for (let t = 0; t < tokens; t++) {
    load(sum, residual, t * residual.strides[0]!);
    load(added, x, t * x.strides[0]!);
    for (let i = 0; i < hidden; i++) sum[i] = sum[i]! + added[i]!;
    store(residual, t * residual.strides[0]!, sum);
  }
  rmsNorm(out, residual, weight, eps);
}
