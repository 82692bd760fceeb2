import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesOf } from "@octavo/core";
import { createNullBackend, type GgufWriterTensor, type GgufWriterValue, ggufBytes } from "@octavo/core/testing";
import { describe, expect, test, vi } from "vitest";
import { modelFolder } from "../../test-support/model-folder.js";
import { loadModel } from "../load-model.js";
import { openModel, readModelConfig } from "../open-model.js";
import { ropeFrequencies } from "../rope.js";
import { llamaNames } from "./dialects/names.js";
import { placementsOf } from "./tensor-names.js";

const F32 = (name: string, shape: number[], first = 0): GgufWriterTensor => {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => first + i);
  return { name, shape, data: new Uint8Array(values.buffer) };
};

const METADATA: Record<string, GgufWriterValue> = {
  "general.architecture": "llama",
  "llama.block_count": 1,
  "llama.embedding_length": 8,
  "llama.feed_forward_length": 12,
  "llama.attention.head_count": 2,
  "llama.attention.head_count_kv": 1,
  "llama.context_length": 64,
  "llama.attention.layer_norm_rms_epsilon": 0.5,
  "llama.vocab_size": 16,
};

const TENSORS: GgufWriterTensor[] = [
  F32("token_embd.weight", [16, 8]),
  F32("blk.0.attn_norm.weight", [8]),
  F32("blk.0.attn_q.weight", [8, 8]),
  F32("blk.0.attn_k.weight", [4, 8]),
  F32("blk.0.attn_v.weight", [4, 8]),
  F32("blk.0.attn_output.weight", [8, 8]),
  F32("blk.0.ffn_norm.weight", [8]),
  F32("blk.0.ffn_gate.weight", [12, 8]),
  F32("blk.0.ffn_up.weight", [12, 8]),
  F32("blk.0.ffn_down.weight", [8, 12]),
  F32("output_norm.weight", [8]),
];

function file(changes: Record<string, GgufWriterValue | undefined> = {}, tensors = TENSORS): string {
  const metadata = Object.entries({ ...METADATA, ...changes }).filter(([, value]) => value !== undefined);
  const path = join(modelFolder({}), "model.gguf");
  writeFileSync(path, ggufBytes({ metadata: metadata as [string, GgufWriterValue][], tensors }));
  return path;
}

const refused = (code: string, param: string, message: RegExp) =>
  expect.objectContaining({ code, param, message: expect.stringMatching(message) });

describe("config", () => {
  test("from metadata and tensors", () => {
    const config = readModelConfig(file({ "llama.rope.freq_base": 500000, "llama.rope.dimension_count": 4 }));
    expect(config).toEqual({
      architecture: "LlamaForCausalLM",
      activation: "silu",
      vocabSize: 16,
      hiddenSize: 8,
      intermediateSize: 12,
      numLayers: 1,
      numHeads: 2,
      numKvHeads: 1,
      headDim: 4,
      maxPositions: 64,
      normEps: 0.5,
      rope: { theta: 500000, rotaryDim: 4, scaling: { type: "default" } },
      windows: [null],
      tieWordEmbeddings: true,
      attentionBias: false,
      mlpBias: false,
      dtype: "float32",
      bosTokenId: 1,
      eosTokenIds: [],
      quantization: null,
    });
  });

  test("an own head, biases, sizes of heads, tokens that end a text", () => {
    const bias = ["attn_q", "attn_k", "attn_v", "attn_output"].map((name) => F32(`blk.0.${name}.bias`, [8]));
    const tokens = ["<s>", "<|eot_id|>", "<|im_end|>", "</s>"];
    const path = file(
      {
        "llama.vocab_size": undefined,
        "llama.attention.key_length": 16,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": Int32Array.of(3, 3, 1, 3),
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 3,
      },
      [...TENSORS, F32("output.weight", [16, 8]), ...bias],
    );
    expect(readModelConfig(path)).toMatchObject({
      vocabSize: 4,
      headDim: 16,
      tieWordEmbeddings: false,
      attentionBias: true,
      bosTokenId: 0,
      eosTokenIds: [3, 1],
    });
  });

  test.each([
    [0, "float32"],
    [1, "float16"],
    [30, "bfloat16"],
    [8, "float16"],
  ] as const)("matrices of type %d run in %s", (type, dtype) => {
    const tensors = [...TENSORS, { name: "output.weight", shape: [1, 32], type, data: new Uint8Array(128) }];
    expect(readModelConfig(file({}, tensors)).dtype).toBe(dtype);
  });

  test("linear and yarn scaling", () => {
    const scaling = (more: Record<string, GgufWriterValue>) => readModelConfig(file(more));
    expect(scaling({ "llama.rope.scale_linear": 2.5 })).toMatchObject({
      maxPositions: 160,
      rope: { scaling: { type: "linear", factor: 2.5 } },
    });
    const yarn = {
      "llama.rope.scaling.type": "yarn",
      "llama.rope.scaling.factor": 4,
      "llama.rope.scaling.original_context_length": 32,
    };
    expect(scaling(yarn).rope!.scaling).toMatchObject({
      type: "yarn",
      factor: 4,
      originalMaxPositions: 32,
      betaFast: 32,
    });
    expect(scaling({ ...yarn, "llama.rope.scaling.attn_factor": 0.5 }).rope!.scaling).toMatchObject({
      attentionFactor: 0.5 * (1 + 0.1 * Math.log(4)),
    });
    expect(scaling({ "llama.rope.scaling.type": "none" }).rope!.scaling).toEqual({ type: "default" });
  });

  test("rope_freqs.weight is Llama 3's scaling", () => {
    const llama3 = {
      type: "llama3",
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositions: 16,
    } as const;
    const rope = { theta: 10000, rotaryDim: 16, scaling: llama3 };
    const wanted = ropeFrequencies(rope, 64).inverse;
    const unscaled = ropeFrequencies({ ...rope, scaling: { type: "default" } }, 64).inverse;
    const divisors = unscaled.map((frequency, i) => frequency / wanted[i]!);
    const tensor = { name: "rope_freqs.weight", shape: [8], data: new Uint8Array(divisors.buffer) };
    const path = file({ "llama.attention.key_length": 16 }, [...TENSORS, tensor]);
    for (const length of [1, 64]) {
      const found = ropeFrequencies(readModelConfig(path).rope!, length);
      expect(found.attentionScaling).toBe(1);
      for (const [i, frequency] of found.inverse.entries()) expect(frequency / wanted[i]!).toBeCloseTo(1, 6);
    }
    const short = { ...tensor, shape: [4], data: tensor.data.subarray(0, 16) };
    expect(() => readModelConfig(file({ "llama.attention.key_length": 16 }, [...TENSORS, short]))).toThrow(/8 numbers/);
  });

  test.each<[Record<string, GgufWriterValue | undefined>, string, string, RegExp]>([
    [
      { "general.architecture": "rwkv7" },
      "UNSUPPORTED",
      "general.architecture",
      /is "rwkv7", .*supports .*gpt2, .*llama/,
    ],
    [{ "general.architecture": "toString" }, "UNSUPPORTED", "general.architecture", /is "toString"/],
    [{ "general.architecture": undefined }, "UNSUPPORTED", "general.architecture", /is missing/],
    [{ "llama.embedding_length": undefined }, "CHECKPOINT", "llama.embedding_length", /is missing/],
    [{ "llama.embedding_length": "8" }, "CHECKPOINT", "llama.embedding_length", /is "8", expected a whole number/],
    [{ "llama.block_count": 2 ** 31 }, "CHECKPOINT", "llama.block_count", /from 1 to 4096/],
    [{ "llama.attention.head_count": Int32Array.of(2, 4) }, "CHECKPOINT", "llama.attention.head_count", /is \[2,4\]/],
    [{ "llama.attention.head_count_kv": 3 }, "CHECKPOINT", "llama.attention.head_count_kv", /a divisor/],
    [{ "llama.context_length": undefined }, "CHECKPOINT", "llama.context_length", /is missing/],
    [
      { "llama.attention.layer_norm_rms_epsilon": undefined },
      "CHECKPOINT",
      "llama.attention.layer_norm_rms_epsilon",
      /is missing/,
    ],
    [{ "llama.expert_count": 5000 }, "CHECKPOINT", "llama.expert_count", /is 5000, .*from 1 to 4096/],
    [{ "llama.expert_count": 2, "llama.expert_used_count": 3 }, "CHECKPOINT", "llama.expert_used_count", /from 1 to 2/],
    [{ "llama.expert_shared_count": 1 }, "UNSUPPORTED", "llama.expert_shared_count", /is 1, .*supports 0/],
    [
      { "llama.attention.sliding_window": 512 },
      "UNSUPPORTED",
      "llama.attention.sliding_window",
      /is 512, .*supports 0/,
    ],
    [{ "llama.new_thing": 7 }, "UNSUPPORTED", "llama.new_thing", /is 7, .*may change what is computed/],
    [{ "llama.attention.value_length": 8 }, "UNSUPPORTED", "llama.attention.value_length", /is 8, .*supports 4/],
    [{ "llama.rope.dimension_count": 2 }, "UNSUPPORTED", "llama.rope.dimension_count", /is 2, .*supports 4/],
    [{ "llama.rope.scaling.type": "longrope" }, "UNSUPPORTED", "llama.rope.scaling.type", /none, linear, yarn/],
    [{ "llama.rope.scaling.type": "linear" }, "CHECKPOINT", "llama.rope.scaling.factor", /is missing/],
  ])("%j is refused by its key", (changes, code, param, message) => {
    expect(() => readModelConfig(file(changes))).toThrow(refused(code, param, message));
    expect(() => readModelConfig(file(changes))).toThrow(/model\.gguf/);
  });
});

describe("weights", () => {
  test("under checkpoint names; q and k in the checkpoint's row order", () => {
    const path = file();
    using weights = openModel(path).openWeights((name) => createNullBackend().mapFile(name));
    expect([...weights.names]).toContain("model.layers.0.post_attention_layernorm.weight");
    const rows = (name: string) => {
      const bytes = Uint8Array.from(bytesOf(weights.tensor(name)));
      const values = new Float32Array(bytes.buffer);
      return Array.from({ length: values.length / 8 }, (_, row) => values[row * 8]! / 8);
    };
    expect(rows("model.layers.0.self_attn.q_proj.weight")).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect(rows("model.layers.0.self_attn.k_proj.weight")).toEqual([0, 2, 1, 3]);
    expect(rows("model.layers.0.self_attn.v_proj.weight")).toEqual([0, 1, 2, 3]);
    expect(weights.origin("model.norm.weight")).toBe(`${path} (as output_norm.weight)`);
    expect(() => weights.tensor("lm_head.weight")).toThrow(
      refused("CHECKPOINT", "lm_head.weight", /is missing from .*model\.gguf/),
    );
  });

  test("names that are in no table stay", () => {
    const name = (ggufName: string) => placementsOf(ggufName, llamaNames()).map((placement) => placement.name);
    expect(["blk.3.ffn_down.bias", "output.weight", "blk.0.odd.weight", "x", "toString.weight"].map(name)).toEqual([
      ["model.layers.3.mlp.down_proj.bias"],
      ["lm_head.weight"],
      ["blk.0.odd.weight"],
      ["x"],
      ["toString.weight"],
    ]);
  });

  test("tensors that the config leaves out are refused, in GGUF's words", () => {
    const load = (tensors: GgufWriterTensor[]) => loadModel(file({}, [...TENSORS, ...tensors]), createNullBackend());
    expect(() => load([F32("blk.1.attn_norm.weight", [8])])).toThrow(
      /as blk\.1\.attn_norm\.weight\) is a part .*llama\.block_count is 1, .*or download the file again/,
    );
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    load([F32("v.weight", [8])]).dispose();
    expect(warn.mock.calls).toEqual([[expect.stringContaining("v.weight"), { code: "OCTAVO_UNUSED_TENSORS" }]]);
    warn.mockRestore();
  });

  test("a block format that Octavo does not read", () => {
    const strange = { name: "blk.0.ffn_norm.weight", shape: [8], type: 25, data: new Uint8Array(16) };
    const tensors = TENSORS.map((tensor) => (tensor.name === strange.name ? strange : tensor));
    expect(() => loadModel(file({}, tensors), createNullBackend())).toThrow(
      refused("UNSUPPORTED", "model.layers.0.post_attention_layernorm.weight", /is I16, .*Q4_K_M/),
    );
  });

  test("formats that no kernel computes are decoded, and that is said", () => {
    const wider = (size: number) => ({ 8: 32, 4: 16 })[size] ?? size;
    const gate = (type: number, bytes: number) =>
      TENSORS.map(({ name, shape }) =>
        name === "blk.0.ffn_gate.weight"
          ? { name, shape: [12, 32], type, data: new Uint8Array(bytes) }
          : F32(name, (shape as number[]).map(wider)),
      );
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const load = (type: number, bytes: number) => {
      const path = file({ "llama.embedding_length": 32 }, gate(type, bytes));
      loadModel(path, createNullBackend(), { dtype: "float16" }).dispose();
    };
    load(8, 12 * 34); // Q8_0
    expect(stderr).not.toHaveBeenCalled();
    load(20, 12 * 18);
    load(39, 12 * 17);
    const said = stderr.mock.calls.map(([line]) => String(line));
    stderr.mockRestore();
    expect(said).toEqual(
      ["IQ4_NL", "MXFP4"].map((type) =>
        expect.stringMatching(`weights in ${type} are decoded to float16, backend null`),
      ),
    );
  });

  test.each(["safetensors", "pt", "gguf", "dummy"] as const)("load_format %s", (loadFormat) => {
    const load = () => loadModel(file(), createNullBackend(), { loadFormat });
    if (loadFormat === "safetensors" || loadFormat === "pt")
      expect(load).toThrow(refused("INVALID_ARGUMENT", "load_format", /model\.gguf has gguf/));
    else load().dispose();
  });
});

test("the tiny fixture, by any name", () => {
  const tiny = fileURLToPath(new URL("../../../../test/fixtures/gguf/tiny.gguf", import.meta.url));
  expect(existsSync(tiny)).toBe(true);
  const blob = join(modelFolder({ blob: new Uint8Array(readFileSync(tiny)) }), "blob");
  expect(readModelConfig(blob)).toMatchObject({ vocabSize: 272, numLayers: 2, eosTokenIds: [269] });
});

test("in gpt-oss's format the end of a message is not the end of a turn", () => {
  const tokens = ["<|end|>", "<|return|>", "<|call|>", "<|endoftext|>"];
  const types = { "tokenizer.ggml.token_type": Int32Array.of(3, 3, 3, 3) };
  const ends = (list: string[]) => readModelConfig(file({ ...types, "tokenizer.ggml.tokens": list })).eosTokenIds;
  expect([...ends(tokens)].sort()).toEqual([1, 2, 3]);
  expect(ends(["<|end|>", "a", "b", "c"])).toEqual([0]);
});
