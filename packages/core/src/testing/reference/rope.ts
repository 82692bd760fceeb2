// Rotary embedding (Su et al. 2021) of queries and keys in place, pairs (i, i + rotaryDim / 2).
import { assertInternal } from "../../errors.js";
import type { Tensor } from "../../tensor.js";
import { intsOf, load, store } from "../elements.js";

export function rope(q: Tensor, k: Tensor, positions: Tensor, cosSin: Tensor): void {
  const tokens = q.shape[0]!;
  const [maxPositions, rotaryDim] = cosSin.shape as [number, number];
  const position = intsOf(positions);
  const angles = new Float64Array(rotaryDim);
  for (let t = 0; t < tokens; t++) {
    const at = position[t]!;
    assertInternal(at >= 0 && at < maxPositions, `rope: position ${at} is outside of [0, ${maxPositions})`);
    load(angles, cosSin, at * rotaryDim);
    rotateToken(q, t, angles);
    rotateToken(k, t, angles);
  }
}

function rotateToken(x: Tensor, t: number, angles: Float64Array): void {
  const half = angles.length / 2;
  const pairs = new Float64Array(angles.length);
  for (let head = 0; head < x.shape[1]!; head++) {
    const start = t * x.strides[0]! + head * x.strides[1]!;
    load(pairs, x, start);
    for (let i = 0; i < half; i++) {
      const first = pairs[i]!;
      const second = pairs[i + half]!;
      const cos = angles[i]!;
      const sin = angles[i + half]!;
      pairs[i] = first * cos - second * sin;
      pairs[i + half] = second * cos + first * sin;
    }
    store(x, start, pairs);
  }
}
