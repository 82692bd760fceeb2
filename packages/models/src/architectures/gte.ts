// NewModel and GteModel: gte-v1.5, gte-multilingual, arctic-embed-v2 and others, a BERT that rotates, with gated MLPs (Zhang et al. 2024).
import type { EncoderArchitecture } from "../architecture.js";
import type { EncoderBlueprint } from "../blueprint.js";
import { type BertConfig, isOfTask, readBertConfig } from "../encoder-modules.js";
import type { ConfigReader } from "../hf-config.js";
import { layerNorm, mergedAttention } from "../hf-modules.js";
import { linearParameter, tensorParameter } from "../parameters.js";
import { type RopeConfig, readRopeConfig } from "../rope-config.js";

const THETA = 160_000;

export interface GteConfig extends BertConfig {
  readonly rope: RopeConfig;
}

/** By transformers' names, and by those of its makers' own code. */
export const gte = gteArchitecture("GteModel", "GteForMaskedLM", "gte");
export const newModel = gteArchitecture("NewModel", "NewForMaskedLM", "new");

/** @param base what the names of all tensors begin with */
function gteArchitecture(name: string, alias: string, base: string): EncoderArchitecture<GteConfig> {
  return {
    kind: "encoder",
    name,
    aliases: [alias],
    basePrefix: `${base}.`,
    isUnread: isOfTask,
    readConfig: (reader) => readGteConfig(reader, name),
    blueprint: (config) => gteBlueprint(config, base),
  };
}

function readGteConfig(reader: ConfigReader, architecture: string): GteConfig {
  for (const [field, only] of [
    ["layer_norm_type", "layer_norm"],
    ["logn_attention_scale", false],
    ["pack_qkv", true],
  ] as const) {
    if (reader.has(field) && reader.raw(field) !== only) reader.unsupported(field, [String(only)]);
  }
  const config = readBertConfig(reader, architecture, { numTokenTypes: 1, positions: "rope" });
  return { ...config, rope: readRope(reader, config) };
}

function gteBlueprint(config: GteConfig, base: string): EncoderBlueprint {
  const { vocabSize, hiddenSize, intermediateSize, numLayers, numTokenTypes, normEps, activation, rope } = config;
  const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
  const table = (name: string, rows: number) => tensorParameter(`${base}.embeddings.${name}`, [rows, hiddenSize]);
  return {
    embedding: {
      table: table("word_embeddings", vocabSize),
      ...(numTokenTypes > 0 && { tokenTypes: table("token_type_embeddings", numTokenTypes) }),
      norm: norm(`${base}.embeddings.LayerNorm`),
    },
    layers: Array.from({ length: numLayers }, (_, index) => {
      const id = `${base}.encoder.layer.${index}`;
      const attention = { qkv: `${id}.attention.qkv_proj`, output: `${id}.attention.o_proj` };
      const [upGate, down] = [`${id}.mlp.up_gate_proj`, `${id}.mlp.down_proj`];
      const half = (part: number) => ({
        name: upGate,
        inFeatures: hiddenSize,
        outFeatures: intermediateSize,
        bias: false,
        slice: { first: part * intermediateSize, count: 2 * intermediateSize },
      });
      return {
        kind: "sequential",
        attention: mergedAttention(attention, index, config, { bias: true }, { isBidirectional: true, rope: 0 }),
        attentionStreamNorm: norm(`${id}.attn_ln`),
        mlp: {
          kind: "gated",
          activation,
          gateUp: { kind: "linear", id: `${id}.mlp.gate_up`, inFeatures: hiddenSize, parts: [half(1), half(0)] },
          down: linearParameter(down, intermediateSize, [[down, hiddenSize]], { bias: true }),
        },
        mlpStreamNorm: norm(`${id}.mlp_ln`),
      };
    }),
    ropes: [rope],
  };
}

/** Its makers' "ntk" is a larger base, and then all frequencies divided by one number. Positions in config.json are the stretched ones. */
function readRope(reader: ConfigReader, { headDim, maxPositions }: BertConfig): RopeConfig {
  const section = reader.object("rope_scaling");
  if (section?.raw("type") !== "ntk") return readRopeConfig(reader, headDim, maxPositions, { theta: THETA });
  if (section.has("mixed_b")) section.unsupported("mixed_b", ["null"]);
  const factor = section.number("factor", { min: 1, max: 1e6 });
  const { theta, rotaryDim } = readRopeConfig(reader, headDim, maxPositions, { theta: THETA, section: null });
  return { theta: theta * factor, rotaryDim, scaling: { type: "linear", factor: factor ** (2 / rotaryDim) } };
}
