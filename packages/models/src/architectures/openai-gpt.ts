// OpenAIGPTLMHeadModel: the first GPT, GPT-2 with norms behind attention and MLP (Radford et al. 2018).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, mergedAttention, plainMlp } from "../hf-modules.js";
import { tensorParameter } from "../parameters.js";
import { type Gpt2Config, readGpt2Config } from "./gpt2.js";

const NAME = "OpenAIGPTLMHeadModel";
const BASE = "transformer";
const CONV_1D = { bias: true, transposed: true };

export const openAiGpt: Architecture<Gpt2Config> = {
  name: NAME,
  basePrefix: `${BASE}.`,
  readConfig(reader: ConfigReader): Gpt2Config {
    const config = readGpt2Config(reader.renamed({ activation_function: "afn" }), NAME);
    // What it calls gelu is the approximation.
    const activation = config.activation === "gelu" ? "gelu_tanh" : config.activation;
    const hasIds = reader.has("eos_token_id");
    return { ...config, activation, bosTokenId: null, eosTokenIds: hasIds ? config.eosTokenIds : [] };
  },
  blueprint(config) {
    const { hiddenSize, headDim, maxPositions, normEps } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const { embedding, ...rest } = decoderBlueprint(
      config,
      undefined,
      (index, id) => ({
        kind: "sequential",
        attention: mergedAttention({ qkv: `${id}.attn.c_attn`, output: `${id}.attn.c_proj` }, index, config, CONV_1D, {
          scale: headDim ** -0.5,
        }),
        attentionStreamNorm: norm(`${id}.ln_1`),
        mlp: plainMlp(`${id}.mlp.c_fc`, `${id}.mlp.c_proj`, config, CONV_1D),
        mlpStreamNorm: norm(`${id}.ln_2`),
      }),
      { embedding: `${BASE}.tokens_embed`, layers: `${BASE}.h` },
    );
    const table = tensorParameter(`${BASE}.positions_embed`, [maxPositions, hiddenSize]);
    return { ...rest, embedding: { ...embedding, positions: { table, offset: 0 } } };
  },
};
