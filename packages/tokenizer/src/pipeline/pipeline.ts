// Text to ids by a tokenizer.json whose model is not BPE: added tokens are cut out, the rest is normalized, cut into words, and put
// together from the vocabulary. The order is that of Hugging Face's tokenizers.
import { toUSVString } from "node:util";
import { withoutId } from "../encoder.js";
import { type AddedToken, AddedTokenSplitter } from "./added-token-splitter.js";
import { createModel, type ModelConfig } from "./create-model.js";
import { CHARS_A_SLICE, type TokenModel } from "./model.js";
import { createNormalizer, type Normalizer, type NormalizerConfig } from "./normalizers.js";
import { type AddedIds, addedIds, type PostProcessorConfig } from "./post-processor.js";
import { createPreTokenizer, type PreTokenizer, type PreTokenizerConfig } from "./pre-tokenizers.js";

/** A millisecond or two of work. */
const WORDS_A_SLICE = 1000;

export interface PipelineConfig {
  readonly normalizer?: NormalizerConfig | null;
  readonly pre_tokenizer?: PreTokenizerConfig | null;
  readonly model: ModelConfig;
  readonly post_processor?: PostProcessorConfig | null;
}

/** With `special`, a token is matched before normalization unless it says otherwise. */
export interface PipelineAddedToken extends AddedToken {
  readonly special?: boolean;
  readonly normalized?: boolean;
}

export class Pipeline {
  /** Of the model; added tokens are not in it. */
  readonly vocab: ReadonlyMap<string, number>;
  readonly #model: TokenModel;
  readonly #normalizer: Normalizer | null;
  readonly #preTokenizer: PreTokenizer | null;
  readonly #around: AddedIds;
  readonly #rawTokens: AddedTokenSplitter;
  readonly #normalizedTokens: AddedTokenSplitter;

  /** @param file for messages @throws Error for parts that are damaged, or that Octavo lacks */
  constructor(config: PipelineConfig, added: readonly PipelineAddedToken[], file: string) {
    const { model, vocab } = createModel(config.model);
    this.#model = model;
    this.vocab = vocab;
    this.#normalizer = createNormalizer(config.normalizer ?? null, file);
    this.#preTokenizer = config.pre_tokenizer ? createPreTokenizer(config.pre_tokenizer) : null;
    const ids = new Map(added.map(({ content, id }) => [content, id]));
    this.#around = addedIds(config.post_processor, (token) => ids.get(token) ?? vocab.get(token));
    const isNormalized = ({ normalized, special }: PipelineAddedToken): boolean => normalized ?? !special;
    this.#rawTokens = new AddedTokenSplitter(added.filter((token) => !isNormalized(token)));
    const normalized = (content: string): string => this.#normalizer?.(content, true) ?? content;
    this.#normalizedTokens = new AddedTokenSplitter(
      added.filter(isNormalized).map((token) => ({ ...token, content: normalized(token.content) })),
    );
  }

  /** Yields every few hundred words, where it may be interrupted. */
  *encode(text: string, addSpecialTokens: boolean): Generator<void, Int32Array> {
    const { before, after, missing } = this.#around;
    if (addSpecialTokens && missing !== undefined) throw withoutId(missing);
    const ids: number[] = addSpecialTokens ? [...before] : [];
    let words = 0;
    for (const raw of this.#rawTokens.split({ text: toUSVString(text), atStart: true })) {
      if (typeof raw === "number") {
        ids.push(raw);
        continue;
      }
      const normalized = this.#normalizer?.(raw.text, raw.atStart) ?? raw.text;
      for (const section of this.#normalizedTokens.split({ text: normalized, atStart: raw.atStart })) {
        if (typeof section === "number") {
          ids.push(section);
          continue;
        }
        for (const word of this.#preTokenizer?.(section) ?? [section]) {
          if (this.#model.slices && word.text.length > CHARS_A_SLICE) yield* this.#model.slices(word.text, ids);
          else this.#model.encode(word.text, ids);
          words += 1;
          if (words % WORDS_A_SLICE === 0) yield;
        }
      }
    }
    if (addSpecialTokens) ids.push(...after);
    return Int32Array.from(ids);
  }
}
