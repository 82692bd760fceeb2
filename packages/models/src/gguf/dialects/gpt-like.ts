// Models with layer norms and plain MLPs. Of all, q, k and v are merged, one behind the other.
import type { GgufDialect, GgufTensorNames } from "../dialect.js";
import type { GgufFacts } from "../gguf-facts.js";

/** @param base of module names @param names GGUF's in this order: embedding, last norm */
function once(base: string, embedding: string, norm: string, head = "lm_head"): Record<string, string> {
  return { token_embd: `${base}.${embedding}`, output_norm: `${base}.${norm}`, output: head };
}

/** The converter writes four times the width for some models, whatever they have. */
const innerSize = (file: GgufFacts) => file.rows("blk.0.ffn_up.weight") ?? file.read("feed_forward_length");

export const gpt2: GgufDialect = {
  architecture: "GPT2LMHeadModel",
  norm: "layer",
  values: (file) => ({ intermediate_size: innerSize(file) }),
  tensors: {
    layers: "transformer.h",
    once: { ...once("transformer", "wte", "ln_f"), position_embd: "transformer.wpe" },
    layer: {
      attn_norm: "ln_1",
      attn_qkv: "attn.c_attn",
      attn_output: "attn.c_proj",
      ffn_norm: "ln_2",
      ffn_up: "mlp.c_fc",
      ffn_down: "mlp.c_proj",
    },
  },
};

/** GPT-2 with one head of keys and values. */
export const starcoder: GgufDialect = { ...gpt2, architecture: "GPTBigCodeForCausalLM" };

const DENSE_MLP = { ffn_up: "mlp.dense_h_to_4h", ffn_down: "mlp.dense_4h_to_h" } as const;

export const gptNeoX: GgufDialect = {
  architecture: "GPTNeoXForCausalLM",
  norm: "layer",
  fields: { use_parallel_residual: "use_parallel_residual" },
  switches: { attention_bias: ["blk.0.attn_qkv.bias"] },
  tensors: {
    layers: "gpt_neox.layers",
    once: once("gpt_neox", "embed_in", "final_layer_norm", "embed_out"),
    layer: {
      attn_norm: "input_layernorm",
      attn_qkv: "attention.query_key_value",
      attn_output: "attention.dense",
      ffn_norm: "post_attention_layernorm",
      ...DENSE_MLP,
    },
  },
};

const SELF_ATTENTION = { attn_qkv: "self_attention.query_key_value", attn_output: "self_attention.dense" } as const;

const ALIBI = "attention.max_alibi_bias";
/** Of the paper, and of transformers' Falcon. */
const ALIBI_BIAS = 8;

const isSequential = (file: GgufFacts) => file.has("blk.0.ffn_norm.weight");
const hasTwoNorms = (file: GgufFacts) => file.has("blk.0.attn_norm_2.weight");

/** The converter writes those that rotate. Those with ALiBi (RW) have Bloom's layers; the key is MPT's. */
export const falcon: GgufDialect = {
  architecture: "FalconForCausalLM",
  norm: "layer",
  switches: { bias: ["blk.0.attn_qkv.bias"] },
  neutral: { [ALIBI]: [0, ALIBI_BIAS] },
  // What the first architecture computes, the new one with one norm does too.
  values: (file) => ({
    intermediate_size: innerSize(file),
    new_decoder_architecture: !isSequential(file),
    parallel_attn: !isSequential(file),
    num_ln_in_parallel_attn: hasTwoNorms(file) ? 2 : 1,
    alibi: file.number(ALIBI) === ALIBI_BIAS,
  }),
  tensors: (file): GgufTensorNames => ({
    layers: "transformer.h",
    once: once("transformer", "word_embeddings", "ln_f"),
    layer: {
      ...(hasTwoNorms(file) ? { attn_norm: "ln_mlp", attn_norm_2: "ln_attn" } : { attn_norm: "input_layernorm" }),
      ffn_norm: "post_attention_layernorm",
      ...SELF_ATTENTION,
      ...DENSE_MLP,
    },
  }),
};

export const bloom: GgufDialect = {
  architecture: "BloomForCausalLM",
  norm: "layer",
  tensors: {
    layers: "transformer.h",
    once: {
      ...once("transformer", "word_embeddings", "ln_f"),
      token_embd_norm: "transformer.word_embeddings_layernorm",
    },
    layer: {
      attn_norm: "input_layernorm",
      ...SELF_ATTENTION,
      ffn_norm: "post_attention_layernorm",
      ...DENSE_MLP,
    },
  },
};

export const mpt: GgufDialect = {
  architecture: "MptForCausalLM",
  norm: "layer",
  fields: {
    expansion_ratio: "feed_forward_length",
    "attn_config.alibi_bias_max": "attention.max_alibi_bias",
    "attn_config.clip_qkv": "attention.clamp_kqv",
  },
  values: (file) => ({
    expansion_ratio: (file.number("feed_forward_length") ?? 0) / (file.number("embedding_length") ?? 1),
  }),
  tensors: {
    layers: "transformer.blocks",
    once: once("transformer", "wte", "norm_f"),
    layer: {
      attn_norm: "norm_1",
      attn_qkv: "attn.Wqkv",
      attn_output: "attn.out_proj",
      ffn_norm: "norm_2",
      ffn_up: "ffn.up_proj",
      ffn_down: "ffn.down_proj",
    },
  },
};
