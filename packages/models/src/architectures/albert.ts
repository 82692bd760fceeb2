// AlbertModel: a BERT whose layers have their weights in common, group by group, behind narrow embeddings (Lan et al. 2020).
import type { EncoderArchitecture } from "../architecture.js";
import { type BertLayerNames, bertBlueprint, bertLayer, isOfTask } from "../encoder-modules.js";
import type { ConfigReader } from "../hf-config.js";
import { readActivation } from "../model-config.js";
import { type NarrowBertConfig, readNarrowBertConfig } from "./electra.js";

const NAME = "AlbertModel";
const BASE = "albert";

const LAYER: BertLayerNames = {
  query: "attention.query",
  key: "attention.key",
  value: "attention.value",
  output: "attention.dense",
  attentionNorm: "attention.LayerNorm",
  up: "ffn",
  down: "ffn_output",
  outputNorm: "full_layer_layer_norm",
};

export interface AlbertConfig extends NarrowBertConfig {
  /** Groups of layers with the same weights. */
  readonly numGroups: number;
  /** Layers of different weights that come each time. */
  readonly layersInGroup: number;
}

export const albert: EncoderArchitecture<AlbertConfig> = {
  kind: "encoder",
  name: NAME,
  aliases: ["AlbertForMaskedLM", "AlbertForPreTraining"],
  basePrefix: `${BASE}.`,
  isUnread: isOfTask,
  readConfig(reader: ConfigReader): AlbertConfig {
    const config = readNarrowBertConfig(reader, NAME);
    return {
      ...config,
      activation: readActivation(reader, "hidden_act", "gelu_tanh"),
      numGroups: reader.size("num_hidden_groups", { fallback: 1, max: config.numLayers }),
      layersInGroup: reader.size("inner_group_num", { fallback: 1, max: 2 ** 8 }),
    };
  },
  blueprint(config) {
    const { numLayers, numGroups, layersInGroup, embeddingSize: width } = config;
    const project = { name: "encoder.embedding_hidden_mapping_in", width };
    const blueprint = bertBlueprint(config, { base: BASE, project });
    const layers = Array.from({ length: numLayers }, (_, index) => {
      const group = Math.floor(index / (numLayers / numGroups));
      const id = `${BASE}.encoder.albert_layer_groups.${group}.albert_layers`;
      return Array.from({ length: layersInGroup }, (_, inner) => bertLayer(config, `${id}.${inner}`, LAYER));
    });
    return { ...blueprint, layers: layers.flat() };
  },
};
