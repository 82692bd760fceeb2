// YoutuForCausalLM: Youtu-LLM, a Llama with DeepSeek's latent attention (Tencent 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, gatedMlp, rmsNorm } from "../hf-modules.js";
import { type LatentConfig, latentAttention, readLatentConfig } from "../latent-modules.js";

const NAME = "YoutuForCausalLM";

export const youtu: Architecture<LatentConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): LatentConfig {
    return readLatentConfig(reader, NAME, {
      maxPositions: 2 ** 17,
      tieWordEmbeddings: true,
      bosTokenId: 128000,
      eosTokenIds: [128001],
    });
  },
  blueprint(config) {
    const norm = (id: string) => rmsNorm(id, config.hiddenSize, config.normEps);
    return decoderBlueprint(config, norm("model.norm"), (_, id) => ({
      kind: "sequential",
      inputNorm: norm(`${id}.input_layernorm`),
      attention: latentAttention(`${id}.self_attn`, config),
      mlpNorm: norm(`${id}.post_attention_layernorm`),
      mlp: gatedMlp(`${id}.mlp`, config),
    }));
  },
};
