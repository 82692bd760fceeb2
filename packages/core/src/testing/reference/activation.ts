// SiLU-gated multiplication, the inside of Llama's feed-forward layer (Shazeer 2020).
import type { Tensor } from "../../tensor.js";
import { load, store } from "../elements.js";

export function siluMul(out: Tensor, gateUp: Tensor): void {
  const [tokens, width] = out.shape as [number, number];
  const gate = new Float64Array(width);
  const up = new Float64Array(width);
  for (let t = 0; t < tokens; t++) {
    load(gate, gateUp, t * gateUp.strides[0]!);
    load(up, gateUp, t * gateUp.strides[0]! + width);
    for (let i = 0; i < width; i++) gate[i] = (gate[i]! / (1 + Math.exp(-gate[i]!))) * up[i]!;
    store(out, t * out.strides[0]!, gate);
  }
}
