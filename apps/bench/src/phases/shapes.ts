// The shapes that are measured with dummy weights, as config.json has them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** By the name on the command line. */
export const SHAPES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  /** Llama-3.1-8B */
  "8b": {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 128,
    vocab_size: 128256,
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-5,
    rope_theta: 500000,
    hidden_act: "silu",
    tie_word_embeddings: false,
    torch_dtype: "bfloat16",
    bos_token_id: 128000,
    eos_token_id: 128001,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
  },
  /** Qwen3-0.6B */
  q06: {
    architectures: ["Qwen3ForCausalLM"],
    model_type: "qwen3",
    hidden_size: 1024,
    intermediate_size: 3072,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    head_dim: 128,
    vocab_size: 151936,
    max_position_embeddings: 40960,
    rms_norm_eps: 1e-6,
    rope_theta: 1000000,
    hidden_act: "silu",
    tie_word_embeddings: true,
    torch_dtype: "bfloat16",
    bos_token_id: 151643,
    eos_token_id: 151645,
    attention_bias: false,
  },
  /** SmolLM2-135M */
  smol: {
    architectures: ["LlamaForCausalLM"],
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    vocab_size: 49152,
    max_position_embeddings: 32776,
    rms_norm_eps: 1e-5,
    rope_theta: 100000,
    tie_word_embeddings: true,
    torch_dtype: "bfloat16",
    eos_token_id: 2,
  },
  /** For trying the benchmark itself, on a CPU. */
  tiny: {
    architectures: ["LlamaForCausalLM"],
    hidden_size: 32,
    intermediate_size: 64,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    vocab_size: 512,
    max_position_embeddings: 32776,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    torch_dtype: "bfloat16",
    eos_token_id: 0,
  },
};

/** Calls `use` with a model folder of the shape, which is there until it returns. */
export async function withShape(shape: string, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "octavo-shape-"));
  try {
    writeFileSync(join(folder, "config.json"), JSON.stringify(SHAPES[shape]));
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
