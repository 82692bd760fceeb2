// BertModel: learned positions, every token sees all others (Devlin et al. 2018).
import type { EncoderArchitecture } from "../architecture.js";
import { type BertConfig, bertBlueprint, isOfTask, readBertConfig } from "../encoder-modules.js";

const NAME = "BertModel";

export const bert: EncoderArchitecture<BertConfig> = {
  kind: "encoder",
  name: NAME,
  aliases: ["BertForMaskedLM", "BertForPreTraining"],
  basePrefix: "bert.",
  isUnread: isOfTask,
  readConfig: (reader) => readBertConfig(reader, NAME, { numTokenTypes: 2 }),
  blueprint: (config) => bertBlueprint(config, { base: "bert" }),
};
