// add, scale, clamp, softcap and xielu: each number by itself.
import type { Tensor } from "../../tensor.js";
import { load, store } from "../elements.js";
import { addRows } from "./norm.js";

export const add = addRows;

export function scale(x: Tensor, factor: number): void {
  change(x, (value) => value * factor);
}

export function clamp(x: Tensor, limit: number): void {
  // Not Math.max: of 0 and -0 it takes one, here the value stays.
  change(x, (value) => (value > limit ? limit : value < -limit ? -limit : value));
}

export function softcap(x: Tensor, cap: number): void {
  change(x, (value) => cap * Math.tanh(value / cap));
}

export function xielu(x: Tensor, alphas: Tensor): void {
  const factors = new Float64Array(2);
  load(factors, alphas, 0);
  const [positive, negative] = factors.map((alpha) => Math.log1p(Math.exp(alpha))) as unknown as [number, number];
  change(x, (z) => z / 2 + (z > 0 ? positive * z * z : (0.5 + negative) * (Math.expm1(z) - z)));
}

function change(x: Tensor, f: (value: number) => number): void {
  const [tokens, hidden] = x.shape as [number, number];
  const values = new Float64Array(tokens * hidden);
  load(values, x, 0);
  store(x, 0, values.map(f));
}
