// The tiny random Llamas written as GGUF files, as llama.cpp's converter writes them: heads, biases, dtypes and RoPE scalings that
// tiny.gguf has not. Logits must be transformers' golden ones, which are of the folders.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf, openSafetensors, type Tensor } from "@octavo/core";
import { createReferenceBackend, type GgufWriterTensor, type GgufWriterValue, ggufBytes } from "@octavo/core/testing";
import { type ModelConfig, readModelConfig, ropeFrequencies } from "@octavo/models";
import { afterAll, describe, expect, test } from "vitest";
import { goldenModels, largestDistance } from "./golden.js";
import { ModelRun } from "./run-model.js";

const TYPES: Readonly<Record<string, number>> = { float32: 0, float16: 1, bfloat16: 30 };
const NAMES = [
  ["model.embed_tokens", "token_embd"],
  ["model.norm", "output_norm"],
  ["lm_head", "output"],
  ["model.layers.", "blk."],
  ["input_layernorm", "attn_norm"],
  ["post_attention_layernorm", "ffn_norm"],
  ["self_attn.q_proj", "attn_q"],
  ["self_attn.k_proj", "attn_k"],
  ["self_attn.v_proj", "attn_v"],
  ["self_attn.o_proj", "attn_output"],
  ["mlp.gate_proj", "ffn_gate"],
  ["mlp.up_proj", "ffn_up"],
  ["mlp.down_proj", "ffn_down"],
] as const;
const MODELS = ["mha", "gqa-tied", "mqa-headdim", "bias", "bf16", "f16", "rope-linear", "rope-llama3", "rope-yarn"];

const folder = mkdtempSync(join(tmpdir(), "octavo-gguf-of-folder-"));
afterAll(() => rmSync(folder, { recursive: true }));

function metadataOf(config: ModelConfig): Record<string, GgufWriterValue> {
  const { rope } = config;
  const { scaling } = rope;
  const stretch: Record<string, GgufWriterValue> =
    scaling.type === "linear" || scaling.type === "yarn"
      ? { "llama.rope.scaling.type": scaling.type, "llama.rope.scaling.factor": scaling.factor }
      : {};
  if (scaling.type === "yarn") stretch["llama.rope.scaling.original_context_length"] = scaling.originalMaxPositions;
  return {
    "general.architecture": "llama",
    "llama.block_count": config.numLayers,
    "llama.embedding_length": config.hiddenSize,
    "llama.feed_forward_length": config.intermediateSize,
    "llama.attention.head_count": config.numHeads,
    "llama.attention.head_count_kv": config.numKvHeads,
    "llama.attention.key_length": config.headDim,
    "llama.context_length": 256,
    "llama.attention.layer_norm_rms_epsilon": config.normEps,
    "llama.rope.freq_base": rope.theta,
    "llama.rope.dimension_count": rope.rotaryDim,
    "llama.vocab_size": config.vocabSize,
    ...stretch,
  };
}

/** Norms are written in float32; rows of q and k so that dimensions that turn together are neighbours. */
function tensorOf(name: string, source: Tensor, { headDim }: ModelConfig): GgufWriterTensor {
  const ggufName = NAMES.reduce((text, [from, to]) => text.replace(from, to), name);
  const bytes = Uint8Array.from(bytesOf(source));
  if (/norm\.weight$/.test(name)) {
    const values = Float32Array.from({ length: source.shape[0]! }, (_, i) => elementAt(bytes, source, i));
    return { name: ggufName, shape: source.shape, data: new Uint8Array(values.buffer) };
  }
  const data = new Uint8Array(bytes.length);
  const rows = source.shape[0]!;
  const rowBytes = bytes.length / rows;
  for (let row = 0; row < rows; row++) {
    let to = row;
    if (/\.[qk]_proj\./.test(name)) {
      const [head, half, i] = [
        Math.floor(row / headDim),
        Math.floor((row % headDim) / (headDim / 2)),
        row % (headDim / 2),
      ];
      to = head * headDim + 2 * i + half;
    }
    data.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), to * rowBytes);
  }
  return { name: ggufName, shape: source.shape, type: TYPES[source.dtype]!, data };
}

function elementAt(bytes: Uint8Array, { dtype }: Tensor, i: number): number {
  const view = new DataView(bytes.buffer);
  if (dtype === "float32") return view.getFloat32(4 * i, true);
  const bits = view.getUint16(2 * i, true);
  if (dtype === "float16") return (1 + (bits & 1023) / 1024) * 2 ** ((bits >> 10) - 15); // a norm's: positive, not small
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}

function writeGguf(name: string, source: string, config: ModelConfig): string {
  const file = openSafetensors(join(source, "model.safetensors"));
  const tensors = [...file.tensors].map(([tensorName, t]) => tensorOf(tensorName, t, config));
  if (config.rope.scaling.type === "llama3") {
    const [scaled, plain] = [config.rope, { ...config.rope, scaling: { type: "default" } as const }];
    const divisors = ropeFrequencies(scaled, 1).inverse.map((f, i) => ropeFrequencies(plain, 1).inverse[i]! / f);
    tensors.push({ name: "rope_freqs.weight", shape: [divisors.length], data: new Uint8Array(divisors.buffer) });
  }
  const path = join(folder, `${name}.gguf`);
  writeFileSync(path, ggufBytes({ metadata: metadataOf(config), tensors }));
  return path;
}

const models = goldenModels().filter(({ name }) => MODELS.includes(name.replace("llama-", "")));

test("every kind is there", () => {
  expect(models).toHaveLength(MODELS.length);
});

describe.each(models.map((model) => [model.name, model] as const))("%s", (name, model) => {
  const config = readModelConfig(model.folder);
  const path = writeGguf(name, model.folder, config);

  test("the folder's config", () => {
    const { rope, normEps, ...found } = readModelConfig(path);
    const { rope: wantedRope, normEps: wantedEps, bosTokenId: _, eosTokenIds: __, ...wanted } = config;
    expect(found).toMatchObject(wanted);
    expect(normEps).toBeCloseTo(wantedEps, 9);
    for (const length of [1, 256]) {
      const [a, b] = [ropeFrequencies(rope, length), ropeFrequencies(wantedRope, length)];
      expect(a.attentionScaling).toBe(b.attentionScaling);
      for (const [i, f] of a.inverse.entries()) expect(f / b.inverse[i]!).toBeCloseTo(1, 6);
    }
  });

  test("the golden logits", () => {
    for (const golden of model.cases.filter((c) => c.logits)) {
      using backend = createReferenceBackend();
      using run = new ModelRun(path, backend, golden.ids.length, { dtype: "float32" });
      const worst = largestDistance(run.feed(golden.ids), golden);
      expect(worst.distance, `${golden.name}: ${JSON.stringify(worst)}`).toBeLessThan(1e-3);
    }
  });
});
