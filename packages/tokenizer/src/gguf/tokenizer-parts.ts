// What the kinds of GGUF tokenizers make of a vocabulary.
import type { DecoderConfig } from "../tokenizer-json.js";

/** What differs between kinds of tokenizers: parts of tokenizer.json, `model` without its vocabulary. */
export interface TokenizerParts {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  readonly decoder: DecoderConfig;
  readonly model: Readonly<Record<string, unknown>>;
  /** Whether a BOS token is added where the file does not say. */
  readonly addsBos: boolean;
}
