// Mistakes of the row ops beside rmsNorm's, for faults.test.ts.
import type { Backend } from "../src/backend.js";
import type { Ops } from "../src/ops.js";
import { hostStorage } from "../src/storage.js";
import { byteSize, type Tensor, tensor } from "../src/tensor.js";
import { load, store } from "../src/testing/elements.js";

/** A mistake that cases of `op` must find: what the reference's ops are replaced with. */
export type Fault = [op: keyof Ops, what: string, change: (right: Ops, backend: Backend) => Partial<Ops>];

/** [rows, 2 * width] with its halves exchanged. */
function exchanged(gateUp: Tensor): Tensor {
  const [rows, width] = gateUp.shape as [number, number];
  const copy = tensor(gateUp.dtype, gateUp.shape, hostStorage(new Uint8Array(byteSize(gateUp.dtype, gateUp.shape))));
  const half = new Float64Array(width / 2);
  for (let i = 0; i < 2 * rows; i++) {
    load(half, gateUp, i * half.length);
    store(copy, (i ^ 1) * half.length, half);
  }
  return copy;
}

export const ROW_FAULTS: readonly Fault[] = [
  ["rmsNorm", "weights from 0", (right) => ({ rmsNorm: (o, x, w, eps) => right.rmsNorm(o, x, w, eps) })],
  [
    "rmsNorm",
    "the first head's weights for all",
    (right) => ({
      rmsNorm: (o, x, w, ...rest) => right.rmsNorm(o, x, { ...w, shape: [w.shape.at(-1)!] }, ...rest),
    }),
  ],
  ["addRmsNorm", "weights from 0", (right) => ({ addRmsNorm: (o, r, x, w, eps) => right.addRmsNorm(o, r, x, w, eps) })],
  ["layerNorm", "no bias", (right) => ({ layerNorm: (o, x, w, _b, eps) => right.layerNorm(o, x, w, undefined, eps) })],
  ["layerNorm", "the mean kept", (right) => ({ layerNorm: (o, x, w, _b, eps) => right.rmsNorm(o, x, w, eps) })],
  ["layerNorm", "no eps", (right) => ({ layerNorm: (o, x, w, b) => right.layerNorm(o, x, w, b, 0) })],
  [
    "addLayerNorm",
    "the sum not normed",
    (right) => ({ addLayerNorm: (o, _r, x, w, b, eps) => right.layerNorm(o, x, w, b, eps) }),
  ],
  [
    "activate",
    "tanh for erf",
    (right) => ({ activate: (o, x, f) => right.activate(o, x, f === "gelu" ? "gelu_tanh" : f) }),
  ],
  [
    "activate",
    "the last token left out",
    (right) => ({
      activate: (o, x, f) => right.activate({ ...o, shape: [o.shape[0]! - 1, o.shape[1]!] }, x, f),
    }),
  ],
  [
    "gatedActivation",
    "gate and up exchanged",
    (right) => ({ gatedActivation: (o, x, f) => right.gatedActivation(o, exchanged(x), f) }),
  ],
  [
    "gatedActivation",
    "swiglu_oai without its limits and bias",
    (right) => ({
      gatedActivation: (o, x, f) => right.gatedActivation(o, x, f === "swiglu_oai" ? "quick_gelu" : f),
    }),
  ],
  [
    "add",
    "added twice",
    (right) => ({
      add: (o, x) => {
        right.add(o, x);
        right.add(o, x);
      },
    }),
  ],
  ["scale", "0.1 % off in float32", (right) => ({ scale: (x, factor) => right.scale(x, 1.001 * factor) })],
  ["xielu", "only above 0", (right) => ({ xielu: (x) => right.activate(x, x, "relu2") })],
  ["softcap", "a wider cap", (right) => ({ softcap: (x, cap) => right.softcap(x, 1.001 * cap) })],
  ["softcap", "no cap", (right) => ({ softcap: (x) => right.scale(x, 1) })],
  [
    "addEmbedding",
    "the offset forgotten",
    (right) => ({ addEmbedding: (o, table, ids) => right.addEmbedding(o, table, ids, 0) }),
  ],
  [
    "meanRows",
    "the last row left out",
    (right) => ({ meanRows: (o, x, batch) => right.meanRows(o, x, { ...batch, numRows: batch.numRows - 1 }) }),
  ],
];
