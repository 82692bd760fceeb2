// Activations, alone and gated, the inside of feed-forward layers (Shazeer 2020).
import type { Activation, GatedActivation } from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import { load, store } from "../elements.js";
import { normalCdf } from "./special.js";

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Of a NaN, NaN; of -infinity times 0 too, as PyTorch has it. */
const ACTIVATIONS: Readonly<Record<Activation, (z: number) => number>> = {
  silu: (z) => z / (1 + Math.exp(-z)),
  gelu: (z) => z * normalCdf(z),
  gelu_tanh: (z) => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3))),
  relu: (z) => (z <= 0 ? 0 : z),
  quick_gelu: (z) => z / (1 + Math.exp(-1.702 * z)),
  relu2: (z) => (z <= 0 ? 0 : z * z),
};

function gated(activation: GatedActivation): (gate: number, up: number) => number {
  if (activation !== "swiglu_oai") return (gate, up) => ACTIVATIONS[activation](gate) * up;
  return (gate, up) => {
    const z = Math.min(gate, 7);
    return (Math.max(-7, Math.min(up, 7)) + 1) * z * sigmoid(1.702 * z);
  };
}

export function activate(out: Tensor, x: Tensor, activation: Activation): void {
  const [tokens, width] = out.shape as [number, number];
  const row = new Float64Array(width);
  for (let t = 0; t < tokens; t++) {
    load(row, x, t * x.strides[0]!);
    store(out, t * out.strides[0]!, row.map(ACTIVATIONS[activation]));
  }
}

export function gatedActivation(out: Tensor, gateUp: Tensor, activation: GatedActivation): void {
  const [tokens, width] = out.shape as [number, number];
  const gate = new Float64Array(width);
  const up = new Float64Array(width);
  const f = gated(activation);
  for (let t = 0; t < tokens; t++) {
    load(gate, gateUp, t * gateUp.strides[0]!);
    load(up, gateUp, t * gateUp.strides[0]! + width);
    for (let i = 0; i < width; i++) gate[i] = f(gate[i]!, up[i]!);
    store(out, t * out.strides[0]!, gate);
  }
}
