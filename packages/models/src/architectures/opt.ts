// OPTForCausalLM: learned positions, layer norms, a ReLU MLP (Zhang et al. 2022).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, plainMlp, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readActivation, readPlainConfig } from "../model-config.js";
import { linearParameter, tensorParameter } from "../parameters.js";

const NAME = "OPTForCausalLM";
const BASE = "model.decoder";
/** Of the position table, whose first rows stood for padding. */
const POSITION_OFFSET = 2;
const NORM_EPS = 1e-5;

export interface OptConfig extends ModelConfig {
  /** Width of the embedding table, which OPT 350m projects to the stream's. */
  readonly embeddingSize: number;
  /** Whether norms come before attention and MLP; OPT 350m has them behind, on the stream. */
  readonly normsBefore: boolean;
  readonly hasFinalNorm: boolean;
  readonly hasBiases: boolean;
}

export const opt: Architecture<OptConfig> = {
  name: NAME,
  basePrefix: "model.",
  readConfig(reader: ConfigReader): OptConfig {
    if (!reader.boolean("layer_norm_elementwise_affine", true))
      reader.unsupported("layer_norm_elementwise_affine", ["true"]);
    const normsBefore = reader.boolean("do_layer_norm_before", true);
    const defaults = { tieWordEmbeddings: true, bosTokenId: 2, eosTokenIds: [2], normEps: NORM_EPS };
    const config = readPlainConfig(reader.renamed({ intermediate_size: "ffn_dim" }), NAME, defaults);
    return {
      ...config,
      embeddingSize: reader.size("word_embed_proj_dim", { fallback: config.hiddenSize, max: 2 ** 18 }),
      activation: readActivation(reader, "activation_function", "relu"),
      normsBefore,
      hasFinalNorm: normsBefore && !reader.boolean("_remove_final_layer_norm", false),
      hasBiases: reader.boolean("enable_bias", true),
    };
  },
  blueprint(config) {
    const { hiddenSize, embeddingSize, vocabSize, maxPositions, normsBefore, hasBiases: bias } = config;
    const norm = (id: string, isThere = true) => (isThere ? layerNorm(id, hiddenSize, config.normEps) : undefined);
    const finalNorm = norm(`${BASE}.final_layer_norm`, config.hasFinalNorm);
    const names = { embedding: `${BASE}.embed_tokens`, layers: `${BASE}.layers` };
    const blueprint = decoderBlueprint(
      config,
      finalNorm,
      (index, id) => ({
        kind: "sequential",
        inputNorm: norm(`${id}.self_attn_layer_norm`, normsBefore),
        attention: selfAttention(`${id}.self_attn`, index, config, { bias, rope: undefined, outputName: "out_proj" }),
        attentionStreamNorm: norm(`${id}.self_attn_layer_norm`, !normsBefore),
        mlpNorm: norm(`${id}.final_layer_norm`, normsBefore),
        mlp: plainMlp(`${id}.fc1`, `${id}.fc2`, config, { bias }),
        mlpStreamNorm: norm(`${id}.final_layer_norm`, !normsBefore),
      }),
      names,
    );
    const isNarrow = embeddingSize !== hiddenSize;
    const project = (name: string, from: number, to: number) =>
      isNarrow ? linearParameter(`${BASE}.${name}`, from, [[`${BASE}.${name}`, to]]) : undefined;
    const headName = config.tieWordEmbeddings ? names.embedding : "lm_head";
    const positions = tensorParameter(`${BASE}.embed_positions`, [maxPositions + POSITION_OFFSET, hiddenSize]);
    return {
      ...blueprint,
      embedding: {
        table: tensorParameter(names.embedding, [vocabSize, embeddingSize]),
        positions: { table: positions, offset: POSITION_OFFSET },
        project: project("project_in", embeddingSize, hiddenSize),
      },
      head: {
        linear: linearParameter("lm_head", embeddingSize, [[headName, vocabSize]]),
        project: project("project_out", hiddenSize, embeddingSize),
      },
    };
  },
};
