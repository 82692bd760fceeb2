// How the tiny encoders are written as GGUF files, as llama.cpp's converter does; see recipes.ts. What belongs to heads is left out.
import type { ModelConfig } from "@octavo/models";
import type { Arrange } from "./arrange.js";
import type { AnyConfig, Names, Recipe } from "./recipes.js";
import type { StoredTensors } from "./stored-tensors.js";

const HEADS = /^(\w+\.)?(pooler|cls|lm_head|head|decoder|vocab_\w+)\./;

const withoutHeads: Arrange = (tensors) => {
  for (const name of [...tensors.keys()]) if (HEADS.test(name)) tensors.delete(name);
};

/** RoBERTa's positions begin behind the padding token's id. */
const cutPositions: Arrange = (tensors: StoredTensors, config: ModelConfig) => {
  const offset = (config as AnyConfig).positionOffset as number;
  for (const [name, { shape, values, dtype }] of tensors) {
    if (!name.includes("position_embeddings")) continue;
    const [rows, width] = shape as [number, number];
    tensors.set(name, { shape: [rows - offset, width], values: values.subarray(offset * width), dtype });
  }
};

const EMBEDDINGS: Names = [
  ["embeddings.word_embeddings", "token_embd"],
  ["embeddings.position_embeddings", "position_embd"],
  ["embeddings.token_type_embeddings", "token_types"],
];

export const BERT: Names = [
  ["distilbert.", ""],
  ["roberta.", ""],
  ["nomic_bert.", ""],
  ["bert.", ""],
  [".gamma", ".weight"],
  [".beta", ".bias"],
  ...EMBEDDINGS,
  ["embeddings.LayerNorm", "token_embd_norm"],
  ["emb_ln", "token_embd_norm"],
  ["encoder.layers.", "blk."],
  ["encoder.layer.", "blk."],
  ["transformer.layer.", "blk."],
  ["attention.self.query", "attn_q"],
  ["attention.self.key", "attn_k"],
  ["attention.self.value", "attn_v"],
  ["attention.output.dense", "attn_output"],
  ["attention.output.LayerNorm", "attn_output_norm"],
  ["intermediate.dense", "ffn_up"],
  ["output.dense", "ffn_down"],
  ["output.LayerNorm", "layer_output_norm"],
  ["attention.q_lin", "attn_q"],
  ["attention.k_lin", "attn_k"],
  ["attention.v_lin", "attn_v"],
  ["attention.out_lin", "attn_output"],
  ["sa_layer_norm", "attn_output_norm"],
  ["ffn.lin1", "ffn_up"],
  ["ffn.lin2", "ffn_down"],
  ["output_layer_norm", "layer_output_norm"],
  ["attn.Wqkv", "attn_qkv"],
  ["attn.out_proj", "attn_output"],
  ["mlp.fc11", "ffn_up"],
  ["mlp.fc12", "ffn_gate"],
  ["mlp.fc2", "ffn_down"],
  ["norm1", "attn_output_norm"],
  ["norm2", "layer_output_norm"],
];

const MODERN_BERT: Names = [
  ["model.", ""],
  ["embeddings.tok_embeddings", "token_embd"],
  ["embeddings.norm", "token_embd_norm"],
  ["final_norm", "output_norm"],
  ["layers.", "blk."],
  ["attn.Wqkv", "attn_qkv"],
  ["attn.Wo", "attn_output"],
  ["mlp.Wi", "ffn_up"],
  ["mlp.Wo", "ffn_down"],
  ["mlp_norm", "ffn_norm"],
];

/** As keys say it: none, mean, cls, last. */
export const pooling = (kind: 0 | 1 | 2 | 3) => ({ "attention.causal": false, pooling_type: kind });

export const ENCODER_RECIPES: readonly Recipe[] = [
  { models: ["bert", "distilbert"], keys: () => pooling(1) },
  { models: ["roberta"], keys: () => pooling(0), arrange: [cutPositions] },
  { models: ["xlm-roberta"], keys: () => pooling(2), arrange: [cutPositions] },
  { models: ["nomic-bert", "nomic-bert-original"], architecture: "nomic-bert", keys: () => pooling(1) },
  {
    models: ["modernbert"],
    architecture: "modern-bert",
    names: MODERN_BERT,
    keys: (config: AnyConfig) => ({
      "attention.causal": false,
      "attention.sliding_window": 2 * ((config.windows.find((window) => window !== null) ?? 1) - 1),
      "attention.sliding_window_pattern": 3,
    }),
  },
].map(({ arrange = [], ...recipe }) => ({
  architecture: "bert",
  norm: "layer",
  names: BERT,
  ...recipe,
  arrange: [withoutHeads, ...arrange],
}));
