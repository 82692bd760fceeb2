// add, scale, clamp and softcap: each number by itself.
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

function change(x: Tensor, f: (value: number) => number): void {
  const [tokens, hidden] = x.shape as [number, number];
  const values = new Float64Array(tokens * hidden);
  load(values, x, 0);
  store(x, 0, values.map(f));
}
