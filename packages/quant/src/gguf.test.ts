import { byteSize, type DType, decodeBlocks, hostStorage, OctavoError, type Tensor, tensor } from "@octavo/core";
import { seededRandom } from "@octavo/core/testing";
import { describe, expect, test } from "vitest";
import { readDense } from "./decode-tensor.js";
import { ggufScheme } from "./gguf.js";
import type { TensorSource } from "./tensor-source.js";
import { floatSpec } from "./tensor-spec.js";

const q = { name: "q_proj", inFeatures: 64, outFeatures: 3, bias: false };

/** Random blocks with small scales. */
function blocks(rows: number, rowBytes: number): Tensor {
  const random = seededRandom(rows);
  const bytes = Uint8Array.from({ length: rows * rowBytes }, () => random.integer(60));
  return tensor("uint8", [rows, rowBytes], hostStorage(bytes));
}

function plain(dtype: DType, shape: number[]): Tensor {
  return tensor(dtype, shape, hostStorage(new Uint8Array(byteSize(dtype, shape))));
}

function sourceOf(tensors: Record<string, Tensor>, more: Partial<TensorSource> = {}): TensorSource {
  return {
    tensor: (name) => tensors[name]!,
    origin: () => "model.gguf",
    blockFormat: (name) => (tensors[name]!.dtype === "uint8" ? "q4_1" : undefined),
    ...more,
  };
}

function decoded(t: Tensor, count: number): Float32Array {
  const values = new Float32Array(count);
  decodeBlocks("q4_1", t.storage.bytes!, values);
  return values;
}

const floats = (t: Tensor) =>
  new Float32Array(
    t.storage.bytes!.buffer,
    t.byteOffset,
    t.shape.reduce((a, b) => a * b, 1),
  );

describe("ggufScheme", () => {
  test("keeps blocks that the backend computes, without a copy", () => {
    const weight = blocks(3, 40);
    const part = ggufScheme({ packed: ["q8_0", "q4_1"] }).decode(q, sourceOf({ "q_proj.weight": weight }));
    expect(part).toMatchObject({ name: "q_proj", outFeatures: 3, planes: { format: "q4_1" } });
    expect(part.planes).toHaveProperty("blocks", weight);
  });

  test.each([[["q8_0"] as const], [undefined]])("decodes others to float32 (packed %j)", (packed) => {
    const weight = blocks(3, 40);
    const { planes } = ggufScheme({ packed }).decode(q, sourceOf({ "q_proj.weight": weight }));
    expect(planes).toMatchObject({ format: "dense", weight: { dtype: "float32", shape: [3, 64] } });
    if (planes.format === "dense") expect(floats(planes.weight)).toEqual(decoded(weight, 192));
  });

  test("takes a layer's rows of a tensor that has more", () => {
    const weight = blocks(8, 40);
    const all = decoded(weight, 8 * 64);
    const source = sourceOf({ "q_proj.weight": weight });
    const part = { ...q, slice: { first: 2, count: 8 } };
    const { planes } = ggufScheme({ packed: ["q4_1"] }).decode(part, source);
    expect(planes).toMatchObject({ format: "q4_1", blocks: { shape: [3, 40], byteOffset: 2 * 40 } });
    const dense = ggufScheme().decode(part, source).planes;
    expect(dense).toMatchObject({ format: "dense", weight: { shape: [3, 64] } });
    if (dense.format === "dense") expect(floats(dense.weight)).toEqual(all.slice(2 * 64, 5 * 64));
  });

  test("rows that are a layer's columns are decoded and turned", () => {
    const weight = blocks(8, 40);
    const all = decoded(weight, 8 * 64);
    const part = { name: "q_proj", inFeatures: 3, outFeatures: 64, bias: false, transposed: true };
    const source = sourceOf({ "q_proj.weight": weight });
    const { planes } = ggufScheme({ packed: ["q4_1"] }).decode({ ...part, slice: { first: 5, count: 8 } }, source);
    expect(planes).toMatchObject({ format: "dense", weight: { dtype: "float32", shape: [64, 3] } });
    const turned = Float32Array.from({ length: 192 }, (_, i) => all[(5 + (i % 3)) * 64 + Math.floor(i / 3)]!);
    if (planes.format === "dense") expect(floats(planes.weight)).toEqual(turned);
  });

  test("plain weights and biases pass through", () => {
    const weight = plain("float16", [3, 64]);
    const bias = plain("float32", [3]);
    const part = ggufScheme().decode({ ...q, bias: true }, sourceOf({ "q_proj.weight": weight, "q_proj.bias": bias }));
    expect(part.planes).toEqual({ format: "dense", weight });
    expect(part.bias).toBe(bias);
  });

  test.each([
    ["fewer rows", blocks(2, 40)],
    ["longer rows", blocks(3, 60)],
    ["another dtype", plain("int8", [3, 40])],
  ])("%s: name, file, found and expected", (_what, weight) => {
    for (const packed of [["q4_1" as const], []]) {
      try {
        ggufScheme({ packed }).decode(q, sourceOf({ "q_proj.weight": weight }, { blockFormat: () => "q4_1" }));
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(OctavoError);
        expect(error).toMatchObject({ code: "CHECKPOINT", param: "q_proj.weight" });
        expect((error as Error).message).toMatch(/q_proj\.weight in model\.gguf is q4_1 in .* expected \[3,64\]/);
      }
    }
  });

  test.each([[["q4_1"] as const], [[]]])("a scale that is NaN is named, packed %j", (packed) => {
    const weight = blocks(3, 40);
    weight.storage.bytes!.set([0, 0x7e], 5 * 20 + 2);
    expect(() => ggufScheme({ packed }).decode(q, sourceOf({ "q_proj.weight": weight }))).toThrow(
      /tensor q_proj\.weight in model\.gguf is damaged: the scale of block 5 \(q4_1\) is not a finite number/,
    );
  });

  test("rows that end inside of a block", () => {
    const scheme = ggufScheme({ packed: ["q4_1"] });
    const source = sourceOf({ "q_proj.weight": blocks(3, 40) });
    expect(() => scheme.decode({ ...q, inFeatures: 40 }, source)).toThrow(/expected \[3,40\]/);
  });
});

test("readDense asks the source for bytes that JavaScript does not see", () => {
  const whole = blocks(2, 20);
  const storage = { ...hostStorage(new Uint8Array(0)), byteLength: 40 };
  const hidden = { ...whole, storage };
  const spec = floatSpec("x.weight", [2, 32]);
  const source = sourceOf({ "x.weight": hidden }, { readBytes: () => whole.storage.bytes! });
  expect(floats(readDense(source, spec))).toEqual(decoded(whole, 64));
  const norm = plain("float32", [2, 32]);
  expect(readDense(sourceOf({ "x.weight": norm }), spec)).toBe(norm);
});
