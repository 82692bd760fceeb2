import type { Backend, LinearSpec } from "@octavo/core";
import { createNullBackend, createReferenceBackend } from "@octavo/core/testing";
import { unquantized } from "@octavo/quant";
import { expect, test, vi } from "vitest";
import { modelFolder, TINY_CONFIG, TINY_SHAPES } from "../test-support/model-folder.js";
import { DummySource } from "./dummy-source.js";
import { type LoadOptions, loadModel } from "./load-model.js";
import { linearParameter, type ParameterSpec, tensorParameter } from "./parameters.js";

const specs: ParameterSpec[] = [
  tensorParameter("embed", [16, 64]),
  tensorParameter("norm", [64]),
  linearParameter("proj", 64, [["proj", 32]], { bias: true }),
];

function values(source: DummySource, name: string): Float32Array {
  const { storage } = source.tensor(name);
  return new Float32Array(storage.bytes!.slice().buffer);
}

test("values follow from the name and keep activations near 1", () => {
  using source = new DummySource(specs, unquantized, createReferenceBackend(), "float32");
  using again = new DummySource(specs, unquantized, createReferenceBackend(), "float32");
  const weight = values(source, "proj.weight");
  expect(weight).toEqual(values(again, "proj.weight"));
  expect(weight.slice(0, 64)).not.toEqual(values(source, "embed.weight").slice(0, 64));
  const deviation = Math.sqrt(weight.reduce((sum, x) => sum + x * x, 0) / weight.length);
  expect(deviation).toBeGreaterThan(0.95 * 64 ** -0.5);
  expect(deviation).toBeLessThan(1.05 * 64 ** -0.5);
  const norm = values(source, "norm.weight");
  expect(Math.min(...norm)).toBeGreaterThan(0.89);
  expect(Math.max(...norm)).toBeLessThan(1.11);
  expect(Math.max(...values(source, "proj.bias").map(Math.abs))).toBeLessThan(0.021);
  expect(() => source.tensor("other.weight")).toThrow(expect.objectContaining({ param: "other.weight" }));
});

test("a tensor lives until each of its uses is released", () => {
  const backend = createReferenceBackend();
  const source = new DummySource(specs, unquantized, backend, "float32");
  const first = source.tensor("norm.weight");
  expect(source.tensor("norm.weight")).toBe(first);
  source.release("norm.weight");
  expect(backend.memory().weights).toBe(4 * 64);
  source.release("norm.weight");
  expect(backend.memory().weights).toBe(0);
  source.tensor("embed.weight");
  source.dispose();
  expect(backend.memory().weights).toBe(0);
});

function load(config: object, options: LoadOptions = {}, backend: Backend = createNullBackend()) {
  const folder = modelFolder({ "config.json": { ...TINY_CONFIG, ...config } });
  return loadModel(folder, backend, { loadFormat: "dummy", ...options });
}

test("config.json alone makes a model, with the parameters that it asks for", () => {
  const backend = createNullBackend();
  const seen: LinearSpec[] = [];
  const prepare = backend.prepareLinear.bind(backend);
  vi.spyOn(backend, "prepareLinear").mockImplementation((spec) => {
    seen.push(spec);
    return prepare(spec);
  });
  const model = load({ torch_dtype: "bfloat16", attention_bias: true }, {}, backend);
  for (const part of seen.flatMap((spec) => spec.parts)) {
    expect(part.planes).toMatchObject({
      weight: { shape: TINY_SHAPES[`${part.name}.weight`], dtype: "bfloat16" },
    });
    expect(part.bias !== undefined).toBe(part.name.includes("self_attn"));
  }
  expect(seen).toHaveLength(5);
  model.dispose();
  expect(backend.memory().weights).toBe(0);
});

test("loading holds the weights and one parameter more", () => {
  const backend = createReferenceBackend();
  // Where an upload copies, as on a GPU.
  const upload = backend.upload.bind(backend);
  vi.spyOn(backend, "upload").mockImplementation((source, dtype) => {
    const copy = { ...source, storage: backend.allocate(source.storage.byteLength, "weights") };
    backend.copy(copy, source, source.storage.byteLength);
    return upload(copy, dtype);
  });
  const fill = backend.fillRandom.bind(backend);
  let made = 0;
  let most = 0;
  vi.spyOn(backend, "fillRandom").mockImplementation((target, range) => {
    fill(target, range);
    made = Math.max(made, target.storage.byteLength);
    most = Math.max(most, backend.memory().weights);
  });
  using model = load({ tie_word_embeddings: false, num_hidden_layers: 6 }, {}, backend);
  const kept = backend.memory().weights;
  // The reference keeps a bias for every output.
  expect(kept).toBeLessThan(1.25 * model.weightBytes);
  // The last layer's three parts are merged, so they exist at once.
  expect(most).toBeLessThanOrEqual(kept + 3 * made);
});

test("quantized configs and unknown formats are refused with what to do", () => {
  expect(() => load({ quantization_config: { quant_method: "fp8" } })).toThrow(
    expect.objectContaining({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/dummy.*quantization_config.*remove/),
    }),
  );
  expect(() => load({}, { loadFormat: "gguf" as "auto" })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", param: "load_format" }),
  );
  expect(() => load({}, { loadFormat: "safetensors" })).toThrow(expect.objectContaining({ code: "CHECKPOINT" }));
});
