// ElectraModel: a BERT whose embeddings may be narrower than its layers (Clark et al. 2020).
import type { EncoderArchitecture } from "../architecture.js";
import { type BertConfig, bertBlueprint, isOfTask, readBertConfig } from "../encoder-modules.js";
import type { ConfigReader } from "../hf-config.js";

const NAME = "ElectraModel";
/** Where config.json does not say how wide embeddings are. */
const NARROW = 128;

/** A BERT whose embeddings have a width of their own. */
export interface NarrowBertConfig extends BertConfig {
  readonly embeddingSize: number;
}

export const electra: EncoderArchitecture<NarrowBertConfig> = {
  kind: "encoder",
  name: NAME,
  aliases: ["ElectraForMaskedLM", "ElectraForPreTraining"],
  basePrefix: "electra.",
  isUnread: isOfTask,
  readConfig: (reader) => readNarrowBertConfig(reader, NAME),
  blueprint(config) {
    const width = config.embeddingSize;
    const project = width === config.hiddenSize ? undefined : { name: "embeddings_project", width };
    return bertBlueprint(config, { base: "electra", project });
  },
};

export function readNarrowBertConfig(reader: ConfigReader, architecture: string): NarrowBertConfig {
  const embeddingSize = reader.size("embedding_size", { fallback: NARROW, max: 2 ** 18 });
  return { ...readBertConfig(reader, architecture, { numTokenTypes: 2 }), embeddingSize };
}
