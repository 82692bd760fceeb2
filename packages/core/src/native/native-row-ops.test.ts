// What the row ops refuse before they call native code.
import { expect, test } from "vitest";
import type { DType } from "../dtype.js";
import type { Ops } from "../ops.js";
import type { Storage } from "../storage.js";
import { slice, type Tensor, tensor } from "../tensor.js";
import type { NativeOpCalls } from "./native-op-calls.js";
import { NativeRowOps } from "./native-row-ops.js";

const calls: [name: string, values: number[]][] = [];
const native = new Proxy({} as NativeOpCalls, {
  get:
    (_, name) =>
    (...values: number[]) =>
      calls.push([String(name), values]),
});
const ops = new NativeRowOps(native, 1);

/** Memory that only its address is known of. */
function made(shape: readonly number[], dtype: DType = "float32"): Tensor {
  const storage = { device: "test", byteLength: 2 ** 20, address: 4096 } as unknown as Storage;
  return tensor(dtype, shape, storage);
}

const x = made([3, 8]);
const weight = made([8]);

test.each<[what: string, call: (ops: NativeRowOps) => void, message: RegExp]>([
  [
    "rows that are not contiguous",
    (o) => o.rmsNorm(x, { ...x, strides: [1, 3] }, weight, 1),
    /the rows of x \[3,8\] must be contiguous/,
  ],
  ["a weight of another size", (o) => o.rmsNorm(x, x, made([7]), 1), /weight is \[7\], contiguous \[8\] was expected/],
  ["an output of another shape", (o) => o.rmsNorm(made([3, 7]), x, weight, 1), /out is \[3,7\], \[3,8\] was expected/],
  [
    "another number of heads",
    (o) => o.rmsNorm(made([3, 2, 8]), made([3, 4, 8]), weight, 1),
    /out is \[3,2,8\], x is \[3,4,8\]/,
  ],
  [
    "weights of other heads",
    (o) => o.layerNorm(made([3, 4, 8]), made([3, 4, 8]), made([2, 8]), undefined, 1),
    /\[4,8\]/,
  ],
  ["a bias unlike its weight", (o) => o.layerNorm(x, x, weight, made([1, 8]), 1), /bias is \[1,8\], weight is \[8\]/],
  [
    "a strided residual",
    (o) => o.addRmsNorm(x, slice(made([3, 16]), 1, 0, 8), x, weight, 1),
    /addRmsNorm: residual \[3,8\] must be contiguous/,
  ],
  ["a bias of another dtype", (o) => o.addLayerNorm(x, x, x, weight, made([8], "float16"), 1), /must share a dtype/],
  ["integers", (o) => o.add(made([3, 8], "int32"), made([3, 8], "int32")), /a float dtype was expected/],
  ["sums of different shapes", (o) => o.add(x, made([3, 9])), /x is \[3,9\], \[3,8\] was expected/],
  ["narrow logits", (o) => o.softcap(made([3, 8], "bfloat16"), 30), /x is bfloat16, float32 was expected/],
  ["other factors", (o) => o.xielu(x, made([3])), /alphas is float32 \[3\], float32 \[2\] was expected/],
  ["a cap of 0", (o) => o.softcap(x, 0), /the cap is 0/],
  ["an unknown activation", (o) => o.activate(x, x, "mish" as "silu"), /no activation mish here; there are silu, gelu/],
  ["a gate that is missing", (o) => o.activate(x, x, "swiglu_oai" as "silu"), /no activation swiglu_oai here/],
  ["gate and up of another width", (o) => o.gatedActivation(x, x, "silu"), /gateUp is \[3,8\], \[3,16\] was expected/],
  ["half an offset", (o) => o.addEmbedding(x, x, made([3], "int32"), 0.5), /the offset is 0.5/],
])("%s", (_what, call, message) => {
  calls.length = 0;
  expect(() => call(ops)).toThrow(message);
  expect(calls).toEqual([]);
});

test("strides, heads and codes as native code expects them", () => {
  calls.length = 0;
  const qkv = made([3, 64]);
  const heads = { ...slice(qkv, 1, 16, 48), shape: [3, 4, 8], strides: [64, 8, 1] };
  ops.rmsNorm(heads, heads, made([4, 8]), 1e-6, 1);
  ops.addLayerNorm(x, x, x, weight, undefined, 1e-5);
  ops.gatedActivation(x, made([3, 16]), "swiglu_oai");
  const start = 4096 + 4 * 16;
  expect(calls).toEqual([
    ["rmsNorm", [1, 0, start, 64, 0, start, 64, 4096, 8, 0, 3, 4, 8, 1e-6, 1]],
    ["layerNorm", [1, 0, 4096, 8, 4096, 4096, 8, 4096, 0, 0, 3, 1, 8, 1e-5, 0]],
    ["gatedActivation", [1, 0, 4096, 4096, 3, 8, 6]],
  ]);
});

test("nothing is called for no tokens", () => {
  calls.length = 0;
  const none = made([0, 8]);
  const all: ((o: Pick<Ops, keyof NativeRowOps & keyof Ops>) => void)[] = [
    (o) => o.rmsNorm(none, none, weight, 1),
    (o) => o.addRmsNorm(none, none, none, weight, 1),
    (o) => o.layerNorm(none, none, weight, weight, 1),
    (o) => o.addLayerNorm(none, none, none, weight, weight, 1),
    (o) => o.activate(none, none, "relu"),
    (o) => o.gatedActivation(none, made([0, 16]), "relu"),
    (o) => o.add(none, none),
    (o) => o.scale(none, 2),
    (o) => o.clamp(none, 2),
    (o) => o.xielu(none, made([2])),
    (o) => o.softcap(none, 2),
    (o) => o.addEmbedding(none, x, made([0], "int32"), 0),
  ];
  for (const call of all) call(ops);
  expect(calls).toEqual([]);
});
