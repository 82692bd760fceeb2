// What the kinds of GGUF tokenizers make of a vocabulary.
import type { DecoderConfig } from "../tokenizer-json.js";

/** What differs between kinds of tokenizers: parts of tokenizer.json. `model` may have a vocabulary of its own. */
export interface TokenizerParts {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  readonly decoder: DecoderConfig;
  readonly model: Readonly<Record<string, unknown>>;
  /** As tokenizer.json has them, by id. Default: as the file has them. */
  readonly tokens?: readonly string[];
  /** Whether a BOS token is added where the file does not say. */
  readonly addsBos: boolean;
  /** The same of an EOS token. Default false. */
  readonly addsEos?: boolean;
  /** The same of a separator behind a text. Default false. */
  readonly addsSep?: boolean;
}
