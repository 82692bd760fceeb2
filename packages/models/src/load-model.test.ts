import { type Backend, type LinearSpec, OctavoError } from "@octavo/core";
import { createNullBackend } from "@octavo/core/testing";
import { describe, expect, test, vi } from "vitest";
import { modelFolder, safetensors, TINY_CONFIG, TINY_SHAPES } from "../test-support/model-folder.js";
import { kvBytesPerBlock, type LoadOptions, loadModel, loadTextModel } from "./load-model.js";
import { readModelConfig } from "./open-model.js";

interface Files {
  readonly config?: object;
  readonly shapes?: Readonly<Record<string, readonly number[] | undefined>>;
}

function folderOf({ config, shapes }: Files = {}): string {
  const all = Object.entries({ ...TINY_SHAPES, ...shapes }).filter(
    (entry): entry is [string, readonly number[]] => entry[1] !== undefined,
  );
  return modelFolder({
    "config.json": { ...TINY_CONFIG, ...config },
    "model.safetensors": safetensors(Object.fromEntries(all)),
  });
}

/** Loads on a null backend and notes which linear layers were prepared. */
function load(files: Files = {}, options: LoadOptions = {}) {
  const backend: Backend = createNullBackend();
  const specs: LinearSpec[] = [];
  const prepare = backend.prepareLinear.bind(backend);
  vi.spyOn(backend, "prepareLinear").mockImplementation((spec) => {
    specs.push(spec);
    return prepare(spec);
  });
  const model = loadModel(folderOf(files), backend, options);
  return { model, backend, specs, parts: specs.map((spec) => spec.parts.map((part) => part.name)) };
}

const prefix = "model.layers.0";

test("q, k and v are merged, gate and up too; a tied head reads the embedding", () => {
  using model = load().model;
  const { parts, specs } = load();
  expect(parts).toEqual([
    [`${prefix}.self_attn.q_proj`, `${prefix}.self_attn.k_proj`, `${prefix}.self_attn.v_proj`],
    [`${prefix}.self_attn.o_proj`],
    [`${prefix}.mlp.gate_proj`, `${prefix}.mlp.up_proj`],
    [`${prefix}.mlp.down_proj`],
    ["model.embed_tokens"],
  ]);
  expect(specs.every((spec) => spec.dtype === "float32" && spec.parts.every((part) => !part.bias))).toBe(true);
  expect(model.config.tieWordEmbeddings).toBe(true);
});

test("a tied model ignores a head in the file; an untied one needs it", () => {
  expect(load({ shapes: { "lm_head.weight": [16, 8] } }).parts.at(-1)).toEqual(["model.embed_tokens"]);
  const untied = { tie_word_embeddings: false };
  expect(load({ config: untied, shapes: { "lm_head.weight": [16, 8] } }).parts.at(-1)).toEqual(["lm_head"]);
  expect(() => load({ config: untied })).toThrow(
    expect.objectContaining({ code: "CHECKPOINT", param: "lm_head.weight" }),
  );
});

test("biases are read where the config says so, and needed there", () => {
  const biases = Object.fromEntries(
    Object.entries(TINY_SHAPES)
      .filter(([name]) => /mlp/.test(name))
      .map(([name, shape]) => [name.replace("weight", "bias"), [shape[0]!]]),
  );
  const { specs } = load({ config: { mlp_bias: true }, shapes: biases });
  expect(specs.map((spec) => spec.parts.every((part) => part.bias))).toEqual([false, false, true, true, false]);
  expect(() => load({ config: { attention_bias: true } })).toThrow(
    expect.objectContaining({ code: "CHECKPOINT", param: `${prefix}.self_attn.q_proj.bias` }),
  );
});

describe.each(Object.keys(TINY_SHAPES))("%s", (name) => {
  test("missing: named", () => {
    expect(() => load({ shapes: { [name]: undefined } })).toThrow(
      expect.objectContaining({ code: "CHECKPOINT", param: name }),
    );
  });

  test("of another shape: named with found and expected", () => {
    const message = expect.stringContaining(
      `is float32 [3,8], expected float32 or float16 or bfloat16 [${TINY_SHAPES[name]}]`,
    );
    expect(() => load({ shapes: { [name]: [3, 8] } })).toThrow(
      expect.objectContaining({ code: "CHECKPOINT", param: name, message }),
    );
  });
});

test("sizes, progress and bytes", () => {
  const progress: number[][] = [];
  const { model } = load({}, { onProgress: (done, total) => progress.push([done, total]) });
  expect(progress).toEqual(Array.from({ length: 9 }, (_, i) => [i + 1, 9]));
  const elements = Object.values(TINY_SHAPES).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect(model.weightBytes).toBe(4 * (elements + 16 * 8 + 32 * 4)); // a tied head counted too, and the RoPE table
  expect(kvBytesPerBlock(model.config, "float16", 16)).toBe(2 * 1 * 16 * 1 * 4 * 2);
});

test.each([
  ["auto", "float32"],
  ["half", "float16"],
  ["float", "float32"],
  ["bfloat16", "bfloat16"],
] as const)("dtype %s of a float32 checkpoint is %s", (dtype, expected) => {
  expect(load({}, { dtype }).model.dtype).toBe(expected);
});

test("a dtype that the backend lacks", () => {
  const backend = createNullBackend();
  const poor = Object.create(backend, { info: { value: { ...backend.info, dtypes: ["float32"] } } }) as Backend;
  expect(() => loadModel(folderOf({ config: { dtype: "bfloat16" } }), poor)).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", param: "dtype" }),
  );
});

test("a quantized checkpoint is refused before anything is loaded", () => {
  expect(() => load({ config: { quantization_config: { quant_method: "awq" } } })).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED" }),
  );
});

test.each([{ is_causal: false }, { use_bidirectional_attention: true }])("a decoder that sees behind: %j", (config) => {
  const folder = folderOf({ config });
  expect(readModelConfig(folder).architecture).toBe("LlamaForCausalLM (bidirectional)");
  expect(loadTextModel(folder, createNullBackend()).kind).toBe("encoder");
  expect(() => loadModel(folder, createNullBackend())).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  const windowed = { ...config, architectures: ["MistralForCausalLM"], sliding_window: 4 };
  expect(() => readModelConfig(folderOf({ config: windowed }))).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", param: "sliding_window" }),
  );
});

test.each([
  ["LlamaModel", "LlamaForCausalLM"],
  ["MistralModel", "MistralForCausalLM"],
  ["Qwen2VLModel", "Qwen2ForCausalLM"],
  ["Qwen3Model", "Qwen3ForCausalLM"],
  ["Phi3Model", "Phi3ForCausalLM"],
])("a base model by its own name: %s", (name, architecture) => {
  expect(readModelConfig(folderOf({ config: { architectures: [name] } })).architecture).toBe(architecture);
});

test("the base of a model that Octavo lacks", () => {
  expect(() => load({ config: { architectures: ["NoSuchModel"] } })).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", param: "architectures" }),
  );
});

test("generating without a head says what the model is for", () => {
  const shapes = { "lm_head.weight": undefined };
  const config = { architectures: ["LlamaModel"], tie_word_embeddings: false };
  expect(() => load({ config, shapes })).toThrow(
    expect.objectContaining({
      code: "CHECKPOINT",
      param: "lm_head.weight",
      message: expect.stringMatching(/runner "pooling"/),
    }),
  );
  expect(loadTextModel(folderOf({ config, shapes }), createNullBackend(), { withoutHead: true }).kind).toBe("encoder");
  expect(load({ config: { architectures: ["LlamaModel"] } }).model.kind).toBe("decoder");
});

test.each([0, -1, 1.5, 1e12, Number.NaN])("max_model_len %d is refused", (maxModelLen) => {
  expect(() => load({}, { maxModelLen })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", param: "max_model_len" }),
  );
});

test("everything is given back, by dispose and when loading fails", () => {
  const { backend, model } = load();
  expect(backend.memory().weights).toBeGreaterThan(0);
  model.dispose();
  expect(backend.memory().weights).toBe(0);

  const failing = createNullBackend();
  const closed: string[] = [];
  const map = failing.mapFile.bind(failing);
  vi.spyOn(failing, "mapFile").mockImplementation((path) => {
    const storage = map(path);
    const dispose = storage.dispose.bind(storage);
    storage.dispose = () => {
      closed.push(path);
      dispose();
    };
    return storage;
  });
  expect(() => loadModel(folderOf({ shapes: { "model.norm.weight": undefined } }), failing)).toThrow(OctavoError);
  expect(failing.memory().weights).toBe(0);
  expect(closed).toHaveLength(1);
});
