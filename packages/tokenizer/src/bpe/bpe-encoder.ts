// Text to ids by tokenizer.json's BPE, from added tokens to the post-processor. All work is a generator that yields now and then, so
// that a long text can be encoded in slices while other requests go on.

import { OctavoError } from "@octavo/core";
import { PieceCursor } from "../cutting/piece-cursor.js";
import { type Encoder, withoutId } from "../encoder.js";
import { NotCovered } from "../not-covered.js";
import { AddedTokenSplitter } from "../pipeline/added-token-splitter.js";
import { createNormalizer, type Normalizer, type NormalizerConfig } from "../pipeline/normalizers.js";
import { type AddedIds, addedIds, type PostProcessorConfig } from "../pipeline/post-processor.js";
import type { PreTokenizerConfig } from "../pipeline/pre-tokenizers.js";
import { isStreamed } from "../stream-factory.js";
import type { AddedTokenConfig, TokenizerConfig, TokenizerJson } from "../tokenizer-json.js";
import { type BpeConfig, BpeModel } from "./bpe-model.js";
import { IdList } from "./id-list.js";
import { createPreTokenizer, type Stage } from "./pre-tokenizer.js";
import { SCANNED } from "./scan-model.js";

/** tokenizer.json, with the fields that this encoder reads. */
type BpeTokenizerJson = TokenizerJson & {
  readonly model: BpeConfig;
  readonly normalizer?: NormalizerConfig | null;
  readonly pre_tokenizer?: PreTokenizerConfig | null;
};

export class BpeEncoder implements Encoder {
  readonly name = "octavo";
  readonly tokens: readonly string[];
  readonly #model: BpeModel;
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
   * @returns null for another kind of tokenizer, or one with parts that this encoder does not do exactly
   */
  static create(
    tokenizer: TokenizerJson,
    config: TokenizerConfig,
    added: readonly AddedTokenConfig[],
    file: string,
  ): BpeEncoder | null {
    // The library's own additions for models that came before tokenizer.json.
    if (config.remove_space === true || config.do_lowercase_and_remove_accent === true) return null;
    if (!isBpe(tokenizer) || !(tokenizer.decoder === null || isStreamed(tokenizer.decoder))) return null;
    try {
      return new BpeEncoder(tokenizer, added, file);
    } catch (error) {
      if (error instanceof NotCovered) return null;
      throw error;
    }
  }

  private constructor(tokenizer: BpeTokenizerJson, added: readonly AddedTokenConfig[], file: string) {
    this.#normalize = createNormalizer(tokenizer.normalizer ?? null, file);
    const { stages, units } = createPreTokenizer(tokenizer.pre_tokenizer);
    this.#model = new BpeModel(tokenizer.model, units);
    const { safeCuts } = this.#model;
    this.#stages = safeCuts === null && stages.length > 0 ? stages : [...stages, safeCuts ? { cutter: safeCuts } : {}];
    const isNormalized = (token: AddedTokenConfig) => token.normalized ?? !token.special;
    this.#raw = new AddedTokenSplitter(added.filter((token) => !isNormalized(token)));
    this.#normalized = new AddedTokenSplitter(
      added
        .filter(isNormalized)
        .map((token) => ({ ...token, content: this.#normalize?.(token.content, true) ?? token.content })),
    );
    this.#addedIds = new Map(added.map(({ content, id }) => [content, id]));
    const tokens = this.#model.index.tokens.slice();
    for (const { content, id } of added) tokens[id] = content;
    this.tokens = tokens;
    this.#around = addedIds(tokenizer.post_processor as PostProcessorConfig | null, (token) => this.idOf(token));
  }

  idOf(token: string): number | undefined {
    return this.#addedIds.get(token) ?? this.#model.index.get(token);
  }

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

  decodeTokens(tokens: string[]): string {
    return tokens.join(" ");
  }

  *#section(text: string, atStart: boolean, cursor: PieceCursor, out: IdList): Generator<void, void> {
    const normalized = this.#normalize === null ? text : this.#normalize(text, atStart);
    for (const { start, end, id } of this.#normalized.sections(normalized)) {
      if (id >= 0) {
        out.push(id);
        continue;
      }
      cursor.enter(normalized.slice(start, end), atStart && start === 0);
      while (this.#next(cursor)) {
        while (!this.#model.encodeWords(cursor, out)) yield* this.#model.encodeLongWord(cursor, out);
        yield;
      }
    }
  }

  #next(cursor: PieceCursor): boolean {
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
}

/** Old files do not name their model's type. */
function isBpe(tokenizer: TokenizerJson): tokenizer is BpeTokenizerJson {
  const model = tokenizer.model as Partial<BpeConfig>;
  if (model[SCANNED] !== undefined) return true;
  const { type, merges, vocab } = model;
  return (type ?? "BPE") === "BPE" && Array.isArray(merges) && typeof vocab === "object" && !Array.isArray(vocab);
}
