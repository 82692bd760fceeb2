// Encoders: BERT and its kin, whose files have no head. What RoBERTa's position table has in front is cut off by the converter, so that it is
// BERT's.
import type { GgufDialect, QkvModules } from "../dialect.js";
import type { GgufFacts } from "../gguf-facts.js";

const IS_ENCODER = { "attention.causal": [false] } as const;

const tokenTypes = (file: GgufFacts) => file.rows("token_types.weight") ?? 0;

export const bert: GgufDialect = {
  architecture: "BertModel",
  norm: "layer",
  neutral: IS_ENCODER,
  values: (file) => ({
    type_vocab_size: tokenTypes(file),
    max_position_embeddings: file.rows("position_embd.weight") ?? file.read("context_length"),
  }),
  tensors: {
    layers: "bert.encoder.layer",
    once: {
      token_embd: "bert.embeddings.word_embeddings",
      position_embd: "bert.embeddings.position_embeddings",
      token_types: "bert.embeddings.token_type_embeddings",
      token_embd_norm: "bert.embeddings.LayerNorm",
    },
    layer: {
      attn_q: "attention.self.query",
      attn_k: "attention.self.key",
      attn_v: "attention.self.value",
      attn_qkv: ["query", "key", "value"].map((name) => `attention.self.${name}`) as unknown as QkvModules,
      attn_output: "attention.output.dense",
      attn_output_norm: "attention.output.LayerNorm",
      ffn_up: "intermediate.dense",
      ffn_down: "output.dense",
      layer_output_norm: "output.LayerNorm",
    },
  },
};

export const nomicBert: GgufDialect = {
  architecture: "NomicBertModel",
  norm: "layer",
  neutral: IS_ENCODER,
  values: (file) => ({ type_vocab_size: tokenTypes(file) }),
  tensors: {
    layers: "nomic_bert.encoder.layers",
    once: {
      token_embd: "nomic_bert.embeddings.word_embeddings",
      token_types: "nomic_bert.embeddings.token_type_embeddings",
      token_embd_norm: "nomic_bert.emb_ln",
    },
    layer: {
      attn_qkv: "attn.Wqkv",
      attn_output: "attn.out_proj",
      attn_output_norm: "norm1",
      ffn_gate: "mlp.fc12",
      ffn_up: "mlp.fc11",
      ffn_down: "mlp.fc2",
      layer_output_norm: "norm2",
    },
  },
};

export const modernBert: GgufDialect = {
  architecture: "ModernBertModel",
  norm: "layer",
  neutral: IS_ENCODER,
  fields: { local_attention: "attention.sliding_window", hidden_activation: "hidden_act" },
  keys: ["attention.sliding_window_pattern", "rope.freq_base_swa"],
  values: (file) => ({
    // The converter finds it under one name, the other or both.
    rms_norm_eps: file.read("attention.layer_norm_epsilon") ?? file.read("attention.layer_norm_rms_epsilon"),
    global_attn_every_n_layers: file.number("attention.sliding_window_pattern"),
    global_rope_theta: file.number("rope.freq_base"),
    local_rope_theta: file.number("rope.freq_base_swa") ?? 10_000,
  }),
  tensors: {
    layers: "model.layers",
    once: {
      token_embd: "model.embeddings.tok_embeddings",
      token_embd_norm: "model.embeddings.norm",
      output_norm: "model.final_norm",
    },
    layer: {
      attn_norm: "attn_norm",
      attn_qkv: "attn.Wqkv",
      attn_output: "attn.Wo",
      ffn_norm: "mlp_norm",
      ffn_up: "mlp.Wi",
      ffn_down: "mlp.Wo",
    },
  },
};
