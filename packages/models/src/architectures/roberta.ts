// RobertaModel (Liu et al. 2019), XLMRobertaModel (Conneau et al. 2019), Data2VecTextModel (Baevski et al. 2022): BERTs whose positions are counted from behind the padding
// token's id.
import type { EncoderArchitecture } from "../architecture.js";
import { type BertConfig, bertBlueprint, isOfTask, readBertConfig } from "../encoder-modules.js";

interface RobertaConfig extends BertConfig {
  /** The position table's row of the first position. */
  readonly positionOffset: number;
}

/** @param base what the names of all tensors begin with */
function robertaArchitecture(
  name: string,
  aliases: readonly string[],
  base = "roberta",
): EncoderArchitecture<RobertaConfig> {
  return {
    kind: "encoder",
    name,
    aliases,
    basePrefix: `${base}.`,
    isUnread: isOfTask,
    readConfig(reader) {
      const positionOffset = 1 + reader.integer("pad_token_id", { fallback: 1, min: 0, max: 2 ** 24 });
      return { ...readBertConfig(reader, name, { numTokenTypes: 2, positionOffset }), positionOffset };
    },
    blueprint: (config) => bertBlueprint(config, { base }, config.positionOffset),
  };
}

export const roberta = robertaArchitecture("RobertaModel", [
  "RobertaForMaskedLM",
  "CamembertModel",
  "CamembertForMaskedLM",
]);
export const xlmRoberta = robertaArchitecture("XLMRobertaModel", ["XLMRobertaForMaskedLM"]);
export const data2VecText = robertaArchitecture("Data2VecTextModel", ["Data2VecTextForMaskedLM"], "data2vec_text");
