// RobertaModel (Liu et al. 2019), XLMRobertaModel (Conneau et al. 2019): BERTs whose positions are counted from behind the padding
// token's id.
import type { EncoderArchitecture } from "../architecture.js";
import { type BertConfig, bertBlueprint, isOfTask, readBertConfig } from "../encoder-modules.js";

interface RobertaConfig extends BertConfig {
  /** The position table's row of the first position. */
  readonly positionOffset: number;
}

function robertaArchitecture(name: string, aliases: readonly string[]): EncoderArchitecture<RobertaConfig> {
  return {
    kind: "encoder",
    name,
    aliases,
    basePrefix: "roberta.",
    isUnread: isOfTask,
    readConfig(reader) {
      const positionOffset = 1 + reader.integer("pad_token_id", { fallback: 1, min: 0, max: 2 ** 24 });
      return { ...readBertConfig(reader, name, { numTokenTypes: 2, positionOffset }), positionOffset };
    },
    blueprint: (config) => bertBlueprint(config, { base: "roberta" }, config.positionOffset),
  };
}

export const roberta = robertaArchitecture("RobertaModel", [
  "RobertaForMaskedLM",
  "CamembertModel",
  "CamembertForMaskedLM",
]);
export const xlmRoberta = robertaArchitecture("XLMRobertaModel", ["XLMRobertaForMaskedLM"]);
