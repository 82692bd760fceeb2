// ModernBertModel: rotation, gated MLPs, and in two layers of three a window to both sides (Warner et al. 2024).
import type { EncoderArchitecture } from "../architecture.js";
import { isOfTask } from "../encoder-modules.js";
import type { ConfigReader } from "../hf-config.js";
import { layerNorm, mergedAttention, mergedGatedMlp } from "../hf-modules.js";
import { type ModelConfig, readActivation, readPlainConfig } from "../model-config.js";
import { tensorParameter } from "../parameters.js";
import { type RopeConfig, readRopeConfig, servedPositions } from "../rope-config.js";
import { readWindows } from "../windows.js";

const NAME = "ModernBertModel";
const BASE = "model";
const GLOBAL_THETA = 160_000;
const LOCAL_THETA = 10_000;

export interface ModernBertConfig extends ModelConfig {
  readonly normBias: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  /** Of layers that see all. */
  readonly rope: RopeConfig;
  /** Of layers with a window. */
  readonly localRope: RopeConfig;
}

export const modernBert: EncoderArchitecture<ModernBertConfig> = {
  kind: "encoder",
  name: NAME,
  aliases: ["ModernBertForMaskedLM"],
  basePrefix: `${BASE}.`,
  isUnread: isOfTask,
  readConfig: (reader) => readModernBertConfig(reader, NAME),
  blueprint(config) {
    const { vocabSize, hiddenSize, numLayers, normEps, normBias, windows } = config;
    const norm = (id: string) => layerNorm(`${BASE}.${id}`, hiddenSize, normEps, { bias: normBias });
    const mlpTraits = { bias: config.mlpBias };
    return {
      embedding: {
        table: tensorParameter(`${BASE}.embeddings.tok_embeddings`, [vocabSize, hiddenSize]),
        norm: norm("embeddings.norm"),
      },
      layers: Array.from({ length: numLayers }, (_, index) => {
        const id = `${BASE}.layers.${index}`;
        const [wi, wo] = [`${id}.mlp.Wi`, `${id}.mlp.Wo`];
        return {
          kind: "sequential",
          inputNorm: index > 0 ? norm(`layers.${index}.attn_norm`) : undefined,
          attention: mergedAttention(
            { qkv: `${id}.attn.Wqkv`, output: `${id}.attn.Wo` },
            index,
            config,
            { bias: config.attentionBias },
            { isBidirectional: true, rope: windows[index] === null ? 0 : 1 },
          ),
          mlpNorm: norm(`layers.${index}.mlp_norm`),
          mlp: mergedGatedMlp(wi, wo, config, mlpTraits),
        };
      }),
      norm: norm("final_norm"),
      ropes: [config.rope, config.localRope],
    };
  },
};

export function readModernBertConfig(reader: ConfigReader, architecture: string): ModernBertConfig {
  const fields = reader.renamed({ rms_norm_eps: "norm_eps" });
  const config = readPlainConfig(fields, architecture, { normEps: 1e-5, maxPositions: 8192 });
  const { headDim, maxPositions, numLayers } = config;
  const ropes = readRopes(reader, headDim, maxPositions);
  // Both ends of the window are seen: so many tokens to each side, and the token itself.
  const side = Math.floor(reader.integer("local_attention", { fallback: 128, min: 0, max: 2 ** 30 }) / 2);
  const every = reader.size("global_attn_every_n_layers", { fallback: 3, max: 2 ** 12 });
  const windows = readWindows(reader, numLayers, { window: side + 1, slides: (index) => index % every !== 0 });
  return {
    ...config,
    ...ropes,
    maxPositions: servedPositions(ropes.rope.scaling, maxPositions),
    windows: windows.map((window) => (window === null ? null : side + 1)),
    activation: readActivation(reader, "hidden_activation", "gelu"),
    normBias: reader.boolean("norm_bias", false),
    attentionBias: reader.boolean("attention_bias", false),
    mlpBias: reader.boolean("mlp_bias", false),
  };
}

/** By layer type in transformers 5's `rope_parameters`; `global_rope_theta` and `local_rope_theta` in 4's. */
function readRopes(reader: ConfigReader, headDim: number, maxPositions: number) {
  const kinds = reader.object("rope_parameters");
  const ropeOf = (thetaField: string, theta: number, kind: string) =>
    readRopeConfig(reader.renamed({ rope_theta: thetaField }), headDim, maxPositions, {
      theta,
      section: kinds?.object(kind) ?? reader.object("rope_scaling") ?? null,
    });
  return {
    rope: ropeOf("global_rope_theta", GLOBAL_THETA, "full_attention"),
    localRope: ropeOf("local_rope_theta", LOCAL_THETA, "sliding_attention"),
  };
}
