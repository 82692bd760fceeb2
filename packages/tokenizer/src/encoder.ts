// Text to ids by tokenizer.json, from added tokens to the post-processor, in the order of Hugging Face's tokenizers. All work is a generator
// that yields now and then, so that a long text can be encoded in slices while other requests go on.
import { OctavoError } from "@octavo/core";
import { PieceCursor, type Stage } from "./cutting/piece-cursor.js";
import { withoutId } from "./missing-token.js";
import { type AddedToken, AddedTokenSplitter } from "./pipeline/added-token-splitter.js";
import { createModel, type ModelConfig, takesBytes } from "./pipeline/create-model.js";
import { IdList } from "./pipeline/id-list.js";
import type { ModelParts } from "./pipeline/model.js";
import { createNormalizer, type Normalizer, type NormalizerConfig } from "./pipeline/normalizers.js";
import { type AddedIds, addedIds, type PostProcessorConfig } from "./pipeline/post-processor.js";
import { createPreTokenizer, type PreTokenizerConfig } from "./pipeline/pre-tokenizers.js";
import { WordEncoder } from "./pipeline/word-encoder.js";
import type { AddedTokenConfig, TokenizerJson } from "./tokenizer-json.js";

/** tokenizer.json, with the fields that encoding reads. `truncation` and `padding` do not count, as in transformers. */
type EncoderConfig = TokenizerJson & {
  readonly normalizer?: NormalizerConfig | null;
  readonly pre_tokenizer?: PreTokenizerConfig | null;
};

export class Encoder {
  /** By id, added tokens included; ids without a token are holes. */
  readonly tokens: readonly string[];
  readonly #model: ModelParts;
  readonly #words: WordEncoder;
  readonly #addedIds: ReadonlyMap<string, number>;
  readonly #normalize: Normalizer | null;
  /** Added tokens that stand in the text as it is given, and those that are looked for after normalization. */
  readonly #raw: AddedTokenSplitter;
  readonly #normalized: AddedTokenSplitter;
  readonly #stages: readonly Stage[];
  readonly #around: AddedIds;

  /**
   * @param added all added tokens
   * @param file for messages
   * @throws Error for a tokenizer that is damaged, or has a part that Octavo lacks
   */
  constructor(tokenizer: TokenizerJson, added: readonly (AddedTokenConfig & AddedToken)[], file: string) {
    const { normalizer = null, pre_tokenizer: cuts, model, post_processor: around } = tokenizer as EncoderConfig;
    this.#normalize = createNormalizer(normalizer, file);
    const { stages, parts } = stagesAndModel(cuts, model as ModelConfig);
    this.#model = parts;
    this.#words = new WordEncoder(parts.model);
    this.#stages = stages;
    const isNormalized = (token: AddedTokenConfig) => token.normalized ?? !token.special;
    const normalized = (content: string) => this.#normalize?.(content, true) ?? content;
    this.#raw = new AddedTokenSplitter(added.filter((token) => !isNormalized(token)));
    this.#normalized = new AddedTokenSplitter(
      added.filter(isNormalized).map((token) => ({ ...token, content: normalized(token.content) })),
    );
    this.#addedIds = new Map(added.map(({ content, id }) => [content, id]));
    const tokens = parts.tokens.slice();
    for (const { content, id } of added) tokens[id] = content;
    this.tokens = tokens;
    this.#around = addedIds(around as PostProcessorConfig | null, (token) => this.idOf(token));
  }

  idOf(token: string): number | undefined {
    return this.#addedIds.get(token) ?? this.#model.idOf(token);
  }

  /**
   * Yields where it may be interrupted; its result are the ids.
   * @throws CHECKPOINT when a token is needed that the vocabulary lacks
   */
  *encode(text: string, addSpecialTokens: boolean): Generator<void, Int32Array> {
    const out = new IdList();
    const { before, after, missing } = this.#around;
    if (addSpecialTokens && missing !== undefined) throw withoutId(missing);
    if (addSpecialTokens) for (const id of before) out.push(id);
    const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
    const cursor = new PieceCursor(this.#stages);
    for (const { start, end, id } of this.#raw.sections(wellFormed)) {
      if (id >= 0) out.push(id);
      else yield* this.#section(wellFormed.slice(start, end), start === 0, cursor, out);
    }
    if (addSpecialTokens) for (const id of after) out.push(id);
    return out.toArray();
  }

  *#section(text: string, atStart: boolean, cursor: PieceCursor, out: IdList): Generator<void, void> {
    const normalize = this.#normalize ?? ((part: string) => part);
    const normalized = normalize(text, atStart);
    // Where the normalizer took the first character away, nothing begins where the text did (tokenizers' offsets).
    const beginsText = atStart && normalize(String.fromCodePoint(text.codePointAt(0)!), false) !== "";
    for (const { start, end, id } of this.#normalized.sections(normalized)) {
      if (id >= 0) {
        out.push(id);
        continue;
      }
      cursor.enter(normalized.slice(start, end), beginsText && start === 0);
      while (goesOn(cursor)) {
        while (!this.#words.encodeWords(cursor, out)) yield* this.#words.encodeLongWord(cursor, out);
        yield;
      }
    }
  }
}

function stagesAndModel(cuts: PreTokenizerConfig | null | undefined, config: ModelConfig) {
  const { stages, units } = createPreTokenizer(cuts, takesBytes(config));
  const parts = createModel(config, units);
  if (parts.cutter) return { parts, stages: [...stages, { cutter: parts.cutter }] };
  return { parts, stages: stages.length > 0 ? stages : [{}] };
}

function goesOn(cursor: PieceCursor): boolean {
  try {
    return cursor.next();
  } catch (cause) {
    // V8's regular expressions keep a place to go back to for each character.
    if (!(cause instanceof RangeError)) throw cause;
    const message =
      "the text has millions of characters without a place to cut it (a space, or a line's end); break it up";
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, cause });
  }
}
