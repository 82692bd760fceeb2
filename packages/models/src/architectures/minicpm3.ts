// MiniCPM3ForCausalLM: DeepSeek's latent attention, whose rows turn in halves, with MiniCPM's multipliers (OpenBMB 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, gatedMlp, rmsNorm } from "../hf-modules.js";
import { type LatentConfig, latentAttention, readLatentConfig } from "../latent-modules.js";
import type { Multipliers } from "./granite.js";
import { readMiniCpmScales } from "./minicpm.js";

const NAME = "MiniCPM3ForCausalLM";
const USUAL = { scaleEmb: 12, scaleDepth: 1.4, dimModelBase: 256 };

export interface MiniCpm3Config extends LatentConfig, Omit<Multipliers, "attentionMultiplier"> {}

export const miniCpm3: Architecture<MiniCpm3Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): MiniCpm3Config {
    const config = readLatentConfig(reader, NAME, {
      maxPositions: 2 ** 15,
      normEps: 1e-5,
      tieWordEmbeddings: true,
      bosTokenId: 1,
      eosTokenIds: [2],
    });
    const { hiddenSize, numHeads } = config;
    return {
      ...config,
      ...readMiniCpmScales(reader, config, USUAL),
      valueDim: reader.size("v_head_dim", { fallback: hiddenSize / numHeads, max: 2 ** 16 }),
      isInterleaved: false,
    };
  },
  blueprint(config) {
    const { hiddenSize, normEps, embeddingMultiplier, residualMultiplier, logitsScaling } = config;
    const norm = (id: string) => rmsNorm(id, hiddenSize, normEps);
    const { embedding, head, ...rest } = decoderBlueprint(config, norm("model.norm"), (_, id) => ({
      kind: "sequential",
      inputNorm: norm(`${id}.input_layernorm`),
      attention: latentAttention(`${id}.self_attn`, config),
      mlpNorm: norm(`${id}.post_attention_layernorm`),
      mlp: gatedMlp(`${id}.mlp`, config),
      outputScale: residualMultiplier,
    }));
    return {
      ...rest,
      embedding: { ...embedding, scale: embeddingMultiplier },
      head: { ...head, scale: 1 / logitsScaling },
    };
  },
};
