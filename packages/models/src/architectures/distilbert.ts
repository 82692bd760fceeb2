// DistilBertModel: a BERT of half as many layers, without token types and with names of its own (Sanh et al. 2019).
import type { EncoderArchitecture } from "../architecture.js";
import { type BertConfig, type BertLayerNames, bertBlueprint, isOfTask, readBertConfig } from "../encoder-modules.js";
import type { ConfigReader } from "../hf-config.js";

const NAME = "DistilBertModel";

const LAYER: BertLayerNames = {
  query: "attention.q_lin",
  key: "attention.k_lin",
  value: "attention.v_lin",
  output: "attention.out_lin",
  attentionNorm: "sa_layer_norm",
  up: "ffn.lin1",
  down: "ffn.lin2",
  outputNorm: "output_layer_norm",
};

export const distilBert: EncoderArchitecture<BertConfig> = {
  kind: "encoder",
  name: NAME,
  aliases: ["DistilBertForMaskedLM"],
  basePrefix: "distilbert.",
  isUnread: isOfTask,
  readConfig(reader: ConfigReader): BertConfig {
    const renamed = reader.renamed({
      hidden_size: "dim",
      num_hidden_layers: "n_layers",
      num_attention_heads: "n_heads",
      intermediate_size: "hidden_dim",
      hidden_act: "activation",
    });
    return readBertConfig(renamed, NAME, { numTokenTypes: 0 });
  },
  blueprint: (config) => bertBlueprint(config, { base: "distilbert", layers: "transformer.layer", layer: LAYER }),
};
