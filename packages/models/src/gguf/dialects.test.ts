// What is special about an architecture's files, beside what test/parity/gguf-of-folder.test.ts proves.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesOf } from "@octavo/core";
import { createNullBackend, type GgufWriterTensor, type GgufWriterValue, ggufBytes } from "@octavo/core/testing";
import { describe, expect, test } from "vitest";
import { modelFolder } from "../../test-support/model-folder.js";
import { openModel, readModelConfig } from "../open-model.js";
import { architectureNamed } from "../registry.js";

type Keys = Record<string, GgufWriterValue>;

const F32 = (name: string, shape: number[], values?: number[]): GgufWriterTensor => {
  const count = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: count }, (_, i) => values?.[i] ?? i);
  return { name, shape, data: new Uint8Array(data.buffer) };
};

/** 3 layers, 2 heads of 4 dimensions, 1 head of keys. */
function file(architecture: string, keys: Keys = {}, tensors: GgufWriterTensor[] = []): string {
  const own: Keys = {
    block_count: 3,
    embedding_length: 8,
    feed_forward_length: 32,
    "attention.head_count": 2,
    "attention.head_count_kv": 1,
    context_length: 64,
    "attention.layer_norm_rms_epsilon": 0.5,
    "attention.layer_norm_epsilon": 0.25,
    vocab_size: 16,
    ...keys,
  };
  const metadata: Keys = { "general.architecture": architecture };
  for (const [key, value] of Object.entries(own)) metadata[`${architecture}.${key}`] = value;
  const path = join(modelFolder({}), "model.gguf");
  writeFileSync(path, ggufBytes({ metadata, tensors: [F32("token_embd.weight", [16, 8]), ...tensors] }));
  return path;
}

const weightsOf = (path: string) => openModel(path).openWeights((name) => createNullBackend().mapFile(name));

function firstOfRows(path: string, name: string): number[] {
  using weights = weightsOf(path);
  const { shape } = weights.tensor(name);
  const values = new Float32Array(Uint8Array.from(bytesOf(weights.tensor(name))).buffer);
  const width = values.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, row) => values[row * width]! / width);
}

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe("keys", () => {
  test("architectures under another's name", () => {
    const names = ["mistral3", "qwen2vl", "qwen3vl"].map((name) => readModelConfig(file(name)).architecture);
    expect(names).toEqual(["LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"]);
  });

  test("GLM-4.5's blocks count the one that drafts, which is not read", () => {
    const keys = { nextn_predict_layers: 1, expert_count: 4, expert_used_count: 2, expert_feed_forward_length: 8 };
    const path = file("glm4moe", keys, [F32("blk.2.nextn.eh_proj.weight", [8, 16])]);
    const config = readModelConfig(path);
    expect(config).toMatchObject({ numLayers: 2, numDraftLayers: 1 });
    using weights = weightsOf(path);
    const drafts = [...weights.names].filter((name) => name.includes("eh_proj"));
    expect(drafts).toEqual(["model.layers.2.eh_proj.weight"]);
    expect(architectureNamed(config.architecture).isUnread?.(drafts[0]!, config)).toBe(true);
  });

  test("OLMo 2 with windows is OLMo 3", () => {
    const windowed = readModelConfig(file("olmo2", { "attention.sliding_window": 8 }));
    expect(windowed).toMatchObject({ architecture: "Olmo3ForCausalLM", windows: [8, 8, 8] });
    expect(readModelConfig(file("olmo2"))).toMatchObject({
      architecture: "Olmo2ForCausalLM",
      windows: [null, null, null],
    });
  });

  test("MiniCPM's first files leave out what all models had", () => {
    const scales = (keys: Keys) => readModelConfig(file("minicpm", keys));
    expect(scales({})).toMatchObject({
      embeddingMultiplier: 12,
      residualMultiplier: 1.4 / Math.sqrt(3),
      logitsScaling: 8 / 256,
      attentionMultiplier: 0.5,
    });
    expect(scales({ embedding_scale: 2, logit_scale: 4 })).toMatchObject({ embeddingMultiplier: 2, logitsScaling: 4 });
  });

  test("keys of images do not matter to text", () => {
    const keys = { "mm.tokens_per_image": 256, "vision.block_count": 27 };
    expect(readModelConfig(file("gemma3", keys)).numLayers).toBe(3);
  });

  test("the norm's kind decides about its epsilon", () => {
    expect(readModelConfig(file("olmo2")).normEps).toBe(0.5);
    expect(readModelConfig(file("gptneox")).normEps).toBe(0.25);
  });

  test("windows: the usual pattern, another one, flags, none", () => {
    const windows = (architecture: string, keys: Keys) => readModelConfig(file(architecture, keys)).windows;
    const window = { "attention.sliding_window": 5 };
    expect(windows("gemma2", {})).toEqual([4096, null, 4096]);
    expect(windows("gemma3", window)).toEqual([5, 5, 5]);
    expect(windows("gemma3", { ...window, "attention.sliding_window_pattern": 3 })).toEqual([5, 5, null]);
    const flags = { type: 7, count: 3, bytes: Uint8Array.of(0, 1, 0) };
    expect(windows("gemma3", { ...window, "attention.sliding_window_pattern": flags })).toEqual([null, 5, null]);
    expect(windows("gemma3", {})).toEqual([null, null, null]);
    expect(windows("phi3", window)).toEqual([5, 5, 5]);
    expect(windows("phi3", { "attention.sliding_window": 0 })).toEqual([null, null, null]);
  });

  test("the largest Gemmas scale by their width", () => {
    const scalar = (architecture: string, layers: number) =>
      readModelConfig(file(architecture, { block_count: layers, "attention.key_length": 16 }));
    expect(scalar("gemma2", 46)).toMatchObject({ queryScalar: 4, headDim: 16 });
    expect(scalar("gemma2", 42)).toMatchObject({ queryScalar: 16 });
    expect(scalar("gemma3", 62)).toMatchObject({ queryScalar: 4 });
  });

  test("part of a head rotates", () => {
    for (let width = 2; width <= 128; width += 2) {
      const keys = { "attention.key_length": 128, "rope.dimension_count": width };
      expect(readModelConfig(file("gptneox", keys)).rope?.rotaryDim).toBe(width);
    }
    const whole = { "rope.dimension_count": 2 };
    expect(() => readModelConfig(file("granite", whole))).toThrow(refused("UNSUPPORTED", /is 2, .*supports 4/));
    expect(() => readModelConfig(file("glm4", { "rope.dimension_count": 6 }))).toThrow(refused("UNSUPPORTED", /is 6/));
  });

  test("yarn's magnitude", () => {
    const yarn = { "rope.scaling.type": "yarn", "rope.scaling.factor": 4, "rope.scaling.original_context_length": 16 };
    const scaling = (architecture: string, keys: Keys = {}) =>
      readModelConfig(file(architecture, { ...yarn, ...keys })).rope?.scaling;
    expect(scaling("qwen3")).toMatchObject({ type: "yarn", truncate: true, attentionFactor: undefined });
    expect(scaling("qwen3", { "rope.scaling.yarn_attn_factor": 1.5 })).toMatchObject({ attentionFactor: 1.5 });
    expect(scaling("mistral3", { "rope.scaling.yarn_log_multiplier": 1 })).toMatchObject({ attentionFactor: 1 });
    const experts = { expert_count: 4, expert_used_count: 2, expert_feed_forward_length: 8 };
    expect(scaling("gpt-oss", experts)).toMatchObject({ truncate: false });
  });

  test.each<[string, Keys, RegExp]>([
    ["granite", { "rope.scaling.finetuned": false }, /granite\.rope\.scaling\.finetuned" is false, .*supports true/],
    ["mistral3", { "attention.temperature_scale": 0.5 }, /mistral3\.attention\.temperature_scale" is 0\.5/],
    ["seed_oss", { "attention.sliding_window": 8 }, /seed_oss\.attention\.sliding_window" is 8, .*supports 0/],
    ["qwen3moe", { expert_weights_scale: 2 }, /qwen3moe\.expert_weights_scale" is 2, .*supports 0, 1/],
    ["glm4", { nextn_predict_layers: 1 }, /glm4\.nextn_predict_layers" is 1/],
    ["falcon", { "attention.max_alibi_bias": 4 }, /falcon\.attention\.max_alibi_bias" is 4, .*supports 0, 8/],
    ["bert", { "attention.causal": true }, /bert\.attention\.causal" is true, .*supports false/],
    ["qwen2", { "attention.indexer.top_k": 8 }, /qwen2\.attention\.indexer\.top_k" is 8/],
  ])("%s with %j is refused by the key", (architecture, keys, message) => {
    expect(() => readModelConfig(file(architecture, keys))).toThrow(refused("UNSUPPORTED", message));
  });
});

describe("tensors", () => {
  test("q, k and v in one are taken apart, and put in order", () => {
    const path = file("llama", {}, [F32("blk.0.attn_qkv.weight", [16, 8]), F32("blk.0.attn_qkv.bias", [16])]);
    expect(readModelConfig(path)).toMatchObject({ attentionBias: true });
    expect(firstOfRows(path, "model.layers.0.self_attn.q_proj.weight")).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect(firstOfRows(path, "model.layers.0.self_attn.k_proj.weight")).toEqual([8, 10, 9, 11]);
    expect(firstOfRows(path, "model.layers.0.self_attn.v_proj.bias")).toEqual([12, 13, 14, 15]);
    const short = file("llama", {}, [F32("blk.0.attn_qkv.weight", [15, 8])]);
    expect(() => weightsOf(short)).toThrow(refused("CHECKPOINT", /blk\.0\.attn_qkv\.weight .*\[15,8\], .*16 rows/));
  });

  test("GLM's neighbours, unless sections for images had them moved", () => {
    const tensors = [F32("blk.0.attn_k.weight", [4, 8])];
    const name = "model.layers.0.self_attn.k_proj.weight";
    expect(firstOfRows(file("glm4", {}, tensors), name)).toEqual([0, 2, 1, 3]);
    expect(firstOfRows(file("glm4", { "rope.dimension_count": 2 }, tensors), name)).toEqual([0, 1, 2, 3]);
    const sections = { "rope.dimension_sections": Int32Array.of(1, 1, 0, 0) };
    expect(firstOfRows(file("glm4", sections, tensors), name)).toEqual([0, 1, 2, 3]);
  });

  test("Gemma's norms lose the 1 that was added, to the bit", () => {
    const small = [0.001953125, -0.75, 3, 2 ** -14];
    const tensors = [
      F32(
        "blk.0.attn_q_norm.weight",
        [4],
        small.map((value) => Math.fround(value + 1)),
      ),
    ];
    expect(firstOfRows(file("gemma3", {}, tensors), "model.layers.0.self_attn.q_norm.weight")).toEqual(small);
    const half = [{ ...tensors[0]!, type: 1, data: new Uint8Array(8) }];
    using weights = weightsOf(file("gemma3", {}, half));
    expect(() => weights.tensor("model.layers.0.self_attn.q_norm.weight")).toThrow(
      refused("UNSUPPORTED", /is float16/),
    );
  });

  test("gate and up of experts follow one another, whatever the file's order", () => {
    const keys = { expert_count: 2, expert_used_count: 1, expert_feed_forward_length: 1 };
    const up = F32("blk.0.ffn_up_exps.weight", [2, 1, 2], [0, 0, 20, 0]);
    const gate = F32("blk.0.ffn_gate_exps.weight", [2, 1, 2], [200, 0, 220, 0]);
    const path = file("gpt-oss", keys, [up, gate]);
    expect(firstOfRows(path, "model.layers.0.mlp.experts.gate_up_proj.1.weight")).toEqual([110, 10]);
    using weights = weightsOf(file("gpt-oss", keys, [up, { ...gate, type: 1, data: new Uint8Array(8) }]));
    expect(() => weights.blockFormat!("model.layers.0.mlp.experts.gate_up_proj.1.weight")).toThrow(
      refused("UNSUPPORTED", /is F16 and blk\.0\.ffn_up_exps\.weight in F32/),
    );
  });

  test.each(["blk.0.attn_q_norm.weight", "blk.0.ffn_up.scale", "output.scale"])("%s is none of MPT", (name) => {
    const path = file("mpt", {}, [F32(name, [4])]);
    expect(() => weightsOf(path)).toThrow(refused("UNSUPPORTED", /none that Octavo knows of this architecture/));
  });

  test("what old files have of frequencies is left alone", () => {
    using weights = weightsOf(file("llama", {}, [F32("blk.0.attn_rot_embd.weight", [2])]));
    expect([...weights.names]).toContain("blk.0.attn_rot_embd.weight");
  });

  test("a tensor of absurdly many experts", () => {
    const path = file("qwen3moe", { expert_count: 2, expert_used_count: 1, expert_feed_forward_length: 1 }, [
      F32("blk.0.ffn_up_exps.weight", [5000, 0, 8]),
    ]);
    expect(() => weightsOf(path)).toThrow(refused("CHECKPOINT", /blk\.0\.ffn_up_exps\.weight .*at most 4096/));
  });
});
