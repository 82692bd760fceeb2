// GPT2LMHeadModel: learned positions, layer norms, weights stored transposed (Radford et al. 2019).
import type { Architecture } from "../architecture.js";
import type { Blueprint } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, mergedAttention, plainMlp } from "../hf-modules.js";
import { type ModelConfig, readActivation, readPlainConfig } from "../model-config.js";
import { type LinearTraits, tensorParameter } from "../parameters.js";

const NAME = "GPT2LMHeadModel";
const BASE = "transformer";
const CONV_1D = { bias: true, transposed: true };

export interface Gpt2Config extends ModelConfig {
  /** Whether scores are multiplied by headDim^-0.5. */
  readonly scalesScores: boolean;
  /** Whether scores are divided by the layer's number, from 1. */
  readonly scalesByLayer: boolean;
}

/** What config.json calls the usual fields, in GPT-2 and what came of it. */
export const GPT2_FIELDS = {
  hidden_size: "n_embd",
  num_hidden_layers: "n_layer",
  num_attention_heads: "n_head",
  max_position_embeddings: "n_positions",
  intermediate_size: "n_inner",
  rms_norm_eps: "layer_norm_epsilon",
} as const;

export const gpt2: Architecture<Gpt2Config> = {
  name: NAME,
  basePrefix: `${BASE}.`,
  readConfig: (reader) => readGpt2Config(reader, NAME),
  blueprint: (config) => gpt2Blueprint(config, CONV_1D),
};

/** @param numKvHeads default: as many as query heads */
export function readGpt2Config(reader: ConfigReader, architecture: string, numKvHeads?: number): Gpt2Config {
  const renamed = reader.renamed(GPT2_FIELDS);
  return {
    ...readPlainConfig(renamed, architecture, {
      numKvHeads,
      maxPositions: 1024,
      normEps: 1e-5,
      tieWordEmbeddings: true,
      bosTokenId: 50256,
      eosTokenIds: [50256],
      intermediateSize: 4 * renamed.size("hidden_size", { max: 2 ** 18 }),
    }),
    activation: readActivation(reader, "activation_function", "gelu_tanh"),
    scalesScores: reader.boolean("scale_attn_weights", true),
    scalesByLayer: reader.boolean("scale_attn_by_inverse_layer_idx", false),
  };
}

/** @param linear what its projections have in common */
export function gpt2Blueprint(config: Gpt2Config, linear: LinearTraits): Blueprint {
  const { hiddenSize, headDim, maxPositions, normEps, scalesScores, scalesByLayer } = config;
  const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
  const scaleOf = (index: number) => (scalesScores ? headDim ** -0.5 : 1) / (scalesByLayer ? index + 1 : 1);
  const names = { embedding: `${BASE}.wte`, layers: `${BASE}.h` };
  const { embedding, ...rest } = decoderBlueprint(
    config,
    norm(`${BASE}.ln_f`),
    (index, id) => ({
      kind: "sequential",
      inputNorm: norm(`${id}.ln_1`),
      attention: mergedAttention({ qkv: `${id}.attn.c_attn`, output: `${id}.attn.c_proj` }, index, config, linear, {
        scale: scaleOf(index),
      }),
      mlpNorm: norm(`${id}.ln_2`),
      mlp: plainMlp(`${id}.mlp.c_fc`, `${id}.mlp.c_proj`, config, linear),
    }),
    names,
  );
  const table = tensorParameter(`${BASE}.wpe`, [maxPositions, hiddenSize]);
  return { ...rest, embedding: { ...embedding, positions: { table, offset: 0 } } };
}
