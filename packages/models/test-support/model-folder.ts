// Model folders for tests: written to a temporary directory that goes when the test is done.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** Files by name; objects are written as JSON. @returns the folder */
export function modelFolder(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), "octavo-models-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const raw = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(join(folder, name), raw ? content : JSON.stringify(content));
  }
  return folder;
}

/** A safetensors file of float32 tensors with the given shapes; element i of the n-th tensor is n + i / 1000. */
export function safetensors(shapes: Readonly<Record<string, readonly number[]>>): Uint8Array {
  let offset = 0;
  const values: number[] = [];
  const header = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], n) => {
      const count = shape.reduce((a, b) => a * b, 1);
      for (let i = 0; i < count; i++) values.push(n + i / 1000);
      const begin = offset;
      offset += 4 * count;
      return [name, { dtype: "F32", shape, data_offsets: [begin, offset] }];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.from(new Float32Array(values).buffer)]);
}

/** The smallest config of a Llama. */
export const TINY_CONFIG = {
  architectures: ["LlamaForCausalLM"],
  vocab_size: 16,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
} as const;

/** The shapes of its weights. */
export const TINY_SHAPES: Readonly<Record<string, readonly number[]>> = {
  "model.embed_tokens.weight": [16, 8],
  "model.layers.0.input_layernorm.weight": [8],
  "model.layers.0.self_attn.q_proj.weight": [8, 8],
  "model.layers.0.self_attn.k_proj.weight": [4, 8],
  "model.layers.0.self_attn.v_proj.weight": [4, 8],
  "model.layers.0.self_attn.o_proj.weight": [8, 8],
  "model.layers.0.post_attention_layernorm.weight": [8],
  "model.layers.0.mlp.gate_proj.weight": [12, 8],
  "model.layers.0.mlp.up_proj.weight": [12, 8],
  "model.layers.0.mlp.down_proj.weight": [8, 12],
  "model.norm.weight": [8],
};
