// The pipeline as a tokenizer's encoder: Unigram, WordPiece, word lists, and SentencePiece files.
import * as huggingface from "@huggingface/tokenizers";
import { type Encoder, vocabularyOf } from "../encoder.js";
import type { AddedTokenConfig, DecoderConfig, TokenizerJson } from "../tokenizer-json.js";
import { kindOf, type ModelConfig } from "./create-model.js";
import { Pipeline, type PipelineConfig } from "./pipeline.js";

interface LibraryDecoder {
  decode(tokens: string[]): string;
}
// The library's declarations import without file extensions, so TypeScript finds no types behind them.
const { SequenceDecoder } = huggingface as unknown as {
  SequenceDecoder: new (config: { decoders: readonly DecoderConfig[] }) => LibraryDecoder;
};

export class PipelineEncoder implements Encoder {
  readonly name = "octavo";
  readonly tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #pipeline: Pipeline;
  readonly #decoder: LibraryDecoder | null;

  /**
   * @param file for messages
   * @returns null for BPE, which has an encoder of its own
   * @throws Error for a tokenizer that is damaged, or has a part that Octavo lacks
   */
  static create(tokenizer: TokenizerJson, added: readonly AddedTokenConfig[], file: string): PipelineEncoder | null {
    if (kindOf(tokenizer.model as ModelConfig) === "BPE") return null;
    return new PipelineEncoder(tokenizer, added, file);
  }

  private constructor(tokenizer: TokenizerJson, added: readonly AddedTokenConfig[], file: string) {
    this.#pipeline = new Pipeline(tokenizer as unknown as PipelineConfig, added, file);
    const { tokens, ids } = vocabularyOf(this.#pipeline.vocab, added);
    this.tokens = tokens;
    this.#ids = ids;
    this.#decoder = tokenizer.decoder && new SequenceDecoder({ decoders: [tokenizer.decoder] });
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  encode(text: string, addSpecialTokens: boolean): Generator<void, Int32Array> {
    return this.#pipeline.encode(text, addSpecialTokens);
  }

  decodeTokens(tokens: string[]): string {
    return this.#decoder === null ? tokens.join(" ") : this.#decoder.decode(tokens);
  }
}
