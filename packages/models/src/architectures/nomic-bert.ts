// NomicBertModel: a BERT that rotates, with gated MLPs and no biases (Nussbaum et al. 2024). Its config has
// transformers' fields, or those of its makers' own code; the tensors have the latter's names either way.
import type { EncoderArchitecture } from "../architecture.js";
import { type BertConfig, isOfTask, readBertConfig } from "../encoder-modules.js";
import type { ConfigReader } from "../hf-config.js";
import { layerNorm, mergedAttention } from "../hf-modules.js";
import { readActivation } from "../model-config.js";
import { linearParameter, tensorParameter } from "../parameters.js";
import { type RopeConfig, readRopeConfig, servedPositions } from "../rope-config.js";

const NAME = "NomicBertModel";
const BASE = "nomic_bert";
const THETA = 1000;
/** What the first release was trained at; its config has the length that it was stretched to. */
const TRAINED = 2048;

export interface NomicBertConfig extends BertConfig {
  readonly rope: RopeConfig;
}

export const nomicBert: EncoderArchitecture<NomicBertConfig> = {
  kind: "encoder",
  name: NAME,
  aliases: ["NomicBertForMaskedLM"],
  basePrefix: `${BASE}.`,
  isUnread: isOfTask,
  readConfig(reader: ConfigReader): NomicBertConfig {
    const isOriginal = reader.has("n_embd");
    if (isOriginal) checkOriginal(reader);
    const fields = isOriginal ? originalFields(reader) : reader;
    const config = readBertConfig(fields, NAME, { numTokenTypes: 2 });
    const trained = isOriginal ? reader.size("max_trained_positions", { fallback: TRAINED, max: 2 ** 20 }) : Infinity;
    const maxPositions = Math.min(config.maxPositions, trained);
    const rope = readRopeConfig(fields, config.headDim, maxPositions, { theta: THETA });
    return {
      ...config,
      rope,
      maxPositions: servedPositions(rope.scaling, maxPositions),
      activation: readActivation(reader, "hidden_act", "silu"),
    };
  },
  blueprint(config) {
    const { vocabSize, hiddenSize, intermediateSize, numLayers, numTokenTypes, normEps, activation, rope } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const table = (name: string, rows: number) => tensorParameter(`${BASE}.embeddings.${name}`, [rows, hiddenSize]);
    return {
      embedding: {
        table: table("word_embeddings", vocabSize),
        ...(numTokenTypes > 0 && { tokenTypes: table("token_type_embeddings", numTokenTypes) }),
        norm: norm(`${BASE}.emb_ln`),
      },
      layers: Array.from({ length: numLayers }, (_, index) => {
        const id = `${BASE}.encoder.layers.${index}`;
        const attention = { qkv: `${id}.attn.Wqkv`, output: `${id}.attn.out_proj` };
        const gateUp = [`${id}.mlp.fc12`, `${id}.mlp.fc11`].map((name) => [name, intermediateSize] as const);
        return {
          kind: "sequential",
          attention: mergedAttention(attention, index, config, {}, { isBidirectional: true, rope: 0 }),
          attentionStreamNorm: norm(`${id}.norm1`),
          mlp: {
            kind: "gated",
            activation,
            gateUp: linearParameter(`${id}.mlp.gate_up`, hiddenSize, gateUp),
            down: linearParameter(`${id}.mlp.fc2`, intermediateSize, [[`${id}.mlp.fc2`, hiddenSize]]),
          },
          mlpStreamNorm: norm(`${id}.norm2`),
        };
      }),
      ropes: [rope],
    };
  },
};

function originalFields(reader: ConfigReader): ConfigReader {
  return reader.renamed({
    hidden_size: "n_embd",
    num_hidden_layers: "n_layer",
    num_attention_heads: "n_head",
    intermediate_size: "n_inner",
    max_position_embeddings: "n_positions",
    layer_norm_eps: "layer_norm_epsilon",
    rope_theta: "rotary_emb_base",
  });
}

/** What the makers' code can do beyond this model. */
function checkOriginal(reader: ConfigReader): void {
  for (const [field, only] of [
    ["activation_function", "swiglu"],
    ["prenorm", false],
    ["qkv_proj_bias", false],
    ["mlp_fc1_bias", false],
    ["mlp_fc2_bias", false],
    ["rotary_emb_fraction", 1],
    ["rotary_emb_interleaved", false],
    ["moe_every_n_layers", 0],
  ] as const) {
    if (reader.has(field) && reader.raw(field) !== only) reader.unsupported(field, [String(only)]);
  }
}
