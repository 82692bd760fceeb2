// What every backend's memory calls must do beside the ops: random fills, and weights that already lie on the device.
// The bytes are compared with the reference's, guard bytes around each target included.
import type { Backend } from "../backend.js";
import { type DType, FLOAT_DTYPES, type FloatDType } from "../dtype.js";
import type { LinearSpec } from "../linear.js";
import { hostStorage, type Storage } from "../storage.js";
import { byteSize, type Tensor, tensor } from "../tensor.js";
import { createReferenceBackend } from "./reference/reference-backend.js";

/** One case: returns the bytes that must be the reference's. */
export interface MemoryCase {
  readonly call: "fillRandom" | "upload" | "prepareLinear" | "updateLinear";
  /** Unique among the cases. */
  readonly name: string;
  run(bench: MemoryBench): Uint8Array;
}

const GUARD_BYTES = 64;
const SEED = 0x9abcdef0;

class MemoryBench implements Disposable {
  readonly backend: Backend;
  readonly #held: Disposable[] = [];

  constructor(backend: Backend) {
    this.backend = backend;
  }

  hold<T extends Disposable>(item: T): T {
    this.#held.push(item);
    return item;
  }

  /** A device tensor between guard bytes; `offset` shifts it by so many bytes more. */
  place(dtype: DType, shape: readonly number[], offset = 0): { target: Tensor; storage: Storage } {
    const begin = GUARD_BYTES + offset;
    const storage = this.hold(this.backend.allocate(begin + byteSize(dtype, shape) + GUARD_BYTES, "workspace"));
    return { target: tensor(dtype, shape, storage, begin), storage };
  }

  /** A device tensor of random values from -1 to 1. */
  random(dtype: FloatDType, shape: readonly number[], seed = SEED): Tensor {
    const { target } = this.place(dtype, shape);
    this.backend.fillRandom(target, { seed, low: -1, high: 1 });
    return target;
  }

  /** A device storage's bytes. */
  read(storage: Storage, byteOffset = 0, byteLength = storage.byteLength): Uint8Array {
    const bytes = new Uint8Array(byteLength);
    const source = tensor("uint8", [byteLength], storage, byteOffset);
    this.backend.copy(tensor("uint8", [byteLength], hostStorage(bytes)), source, byteLength);
    return bytes;
  }

  /** The layer's output for unit vectors: its weight plus its bias, transposed, in float32. */
  probe(spec: LinearSpec, change: (weight: ReturnType<Backend["prepareLinear"]>) => void = () => {}): Uint8Array {
    const { inFeatures } = spec;
    const weight = this.hold(this.backend.prepareLinear(spec));
    change(weight);
    const ones = new Float32Array(inFeatures * inFeatures);
    for (let i = 0; i < inFeatures; i++) ones[i * (inFeatures + 1)] = 1;
    const host = tensor("float32", [inFeatures, inFeatures], hostStorage(new Uint8Array(ones.buffer)));
    const identity = this.backend.upload(host, "float32");
    if (identity.storage !== host.storage) this.hold(identity.storage);
    const { target, storage } = this.place("float32", [inFeatures, weight.outFeatures]);
    this.backend.ops.linear(target, identity, weight);
    return this.read(storage);
  }

  dispose(): void {
    for (const item of this.#held.splice(0).reverse()) item[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const FILLS = [
  { name: "one element", shape: [1], low: -1, high: 1, offset: 0 },
  { name: "an end inside of a group", shape: [7, 3], low: -0.02, high: 0.02, offset: 0 },
  { name: "no alignment beyond the element's", shape: [1001], low: 0, high: 3, offset: 4 },
  { name: "nothing", shape: [0, 5], low: 0, high: 1, offset: 0 },
  { name: "one value", shape: [33], low: 0.75, high: 0.75, offset: 0 },
  { name: "values that are denormal in float16", shape: [2050], low: -3e-7, high: 3e-7, offset: 0 },
  { name: "many blocks and pieces", shape: [1031, 515], low: -1.7, high: 1.3, offset: 2 ** 5 },
];

const fills: MemoryCase[] = FLOAT_DTYPES.flatMap((dtype) =>
  FILLS.map(({ name, shape, low, high, offset }) => ({
    call: "fillRandom" as const,
    name: `fillRandom ${dtype}: ${name}`,
    run(bench) {
      const { target, storage } = bench.place(dtype, shape, offset);
      bench.backend.fillRandom(target, { seed: SEED, low, high });
      return bench.read(storage);
    },
  })),
);

const PAIRS = FLOAT_DTYPES.flatMap((from) => FLOAT_DTYPES.map((to) => [from, to] as const));

const uploads: MemoryCase[] = PAIRS.map(([from, to]) => ({
  call: "upload",
  name: `upload from the device, ${from} to ${to}`,
  run(bench) {
    const source = bench.random(from, [67, 131]);
    const uploaded = bench.backend.upload(source, to);
    if (uploaded.storage !== source.storage) bench.hold(uploaded.storage);
    return bench.read(uploaded.storage, uploaded.byteOffset, byteSize(to, uploaded.shape));
  },
}));

/** Two parts, the second with a bias. */
function layer(bench: MemoryBench, from: FloatDType, dtype: FloatDType): LinearSpec {
  const weight = (rows: number, seed: number) => ({
    format: "dense" as const,
    weight: bench.random(from, [rows, 24], seed),
  });
  const parts = [
    { name: "a", outFeatures: 16, planes: weight(16, 1) },
    { name: "b", outFeatures: 9, planes: weight(9, 2), bias: bench.random(from, [9], 3) },
  ];
  return { inFeatures: 24, dtype, parts };
}

const linears: MemoryCase[] = PAIRS.flatMap(([from, to]): MemoryCase[] => [
  {
    call: "prepareLinear",
    name: `prepareLinear from the device, ${from} to ${to}`,
    run: (bench) => bench.probe(layer(bench, from, to)),
  },
  {
    call: "updateLinear",
    name: `updateLinear from the device, ${from} to ${to}`,
    run: (bench) =>
      bench.probe(layer(bench, from, to), (weight) => {
        const planes = { format: "dense" as const, weight: bench.random(from, [9, 24], 4) };
        const part = { name: "b", outFeatures: 9, planes, bias: bench.random(from, [9], 5) };
        bench.backend.updateLinear(weight, 1, part);
      }),
  },
]);

/** Every case that a backend must pass, the null backend excepted. */
export const memoryCases: readonly MemoryCase[] = [...fills, ...uploads, ...linears];

/** Runs a case on a backend and on the reference. @returns what differs, or undefined */
export function runMemoryCase(
  memoryCase: MemoryCase,
  backend: Backend,
  reference: Backend = createReferenceBackend(),
): string | undefined {
  using actual = new MemoryBench(backend);
  using expected = new MemoryBench(reference);
  const got = memoryCase.run(actual);
  const wanted = memoryCase.run(expected);
  const at = wanted.findIndex((byte, i) => byte !== got[i]);
  if (got.length === wanted.length && at < 0) return undefined;
  return `${memoryCase.name}: byte ${at} of ${wanted.length} is ${got[at]}, expected ${wanted[at]}`;
}
