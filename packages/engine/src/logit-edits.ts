// logit_bias, min_tokens and bad_words as the one list of edits that the device knows (core's RowRecord.edits).
import { checkArgument, MAX_EDIT_CONTEXT, MAX_EDIT_WORDS } from "@octavo/core";
import { badWordTokens, type WordTokenizer } from "./bad-words.js";

/** Words of an edit before its tokens before. */
const EDIT_HEADER_WORDS = 4;
/** An edit that holds at every position. */
const ALWAYS = 2 ** 31 - 1;
const BAN = Number.NEGATIVE_INFINITY;
/** vLLM clamps to OpenAI's range. */
const MAX_BIAS = 100;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** Edits being gathered, and which parameters they come from. */
export class LogitEdits {
  readonly #words: number[] = [];
  readonly #wordsOf = new Map<string, number>();
  #hasContext = false;

  /** Whether an edit looks at the tokens before. */
  get hasContext(): boolean {
    return this.#hasContext;
  }

  /** @throws INVALID_ARGUMENT when one request may not have so many */
  finish(): Int32Array {
    const count = this.#words.length;
    const [largest] = [...this.#wordsOf].sort((a, b) => b[1] - a[1])[0] ?? ["logit_bias"];
    checkArgument(
      count <= MAX_EDIT_WORDS,
      `${[...this.#wordsOf.keys()].join(", ")} of one request take ${count} words, at most ${MAX_EDIT_WORDS} are possible ` +
        `(${EDIT_HEADER_WORDS} for each token or bad word, and one more for each further token of a word); give fewer of ${largest}`,
      largest,
    );
    return Int32Array.from(this.#words);
  }

  /** OpenAI's `logit_bias`: token ids to what is added to their logits. */
  addBias(bias: Readonly<Record<string, number>>, vocabSize: number): void {
    for (const [key, value] of Object.entries(bias)) {
      const token = Number(key);
      checkArgument(
        /^\d+$/.test(key) && token < vocabSize,
        `logit_bias takes token ids below ${vocabSize}, got ${JSON.stringify(key.slice(0, 40))}`,
        "logit_bias",
      );
      checkArgument(
        typeof value === "number" && !Number.isNaN(value),
        `logit_bias of token ${key} must be a number, got ${value}`,
        "logit_bias",
      );
      this.#add("logit_bias", token, Math.min(MAX_BIAS, Math.max(-MAX_BIAS, value)), ALWAYS);
    }
  }

  /** `min_tokens`: the first `count` outputs are none of `stopTokenIds`. */
  banStops(count: number, stopTokenIds: Iterable<number>, promptLength: number): void {
    if (count > 0) for (const token of stopTokenIds) this.#add("min_tokens", token, BAN, promptLength + count);
  }

  /** `bad_words`; see {@link badWordTokens}. */
  banWords(words: readonly string[], tokenizer: WordTokenizer, vocabSize: number): void {
    for (const { word, tokens } of badWordTokens(words, tokenizer)) {
      checkArgument(
        tokens.length > 0 && tokens.every((token) => token < vocabSize),
        `the bad word ${JSON.stringify(word.slice(0, 40))} has no tokens that the model can generate`,
        "bad_words",
      );
      this.#banSequence(word, tokens);
    }
  }

  #banSequence(word: string, tokens: Int32Array): void {
    const before = tokens.subarray(0, -1);
    checkArgument(
      before.length <= MAX_EDIT_CONTEXT,
      `the bad word ${JSON.stringify(word.slice(0, 40))} has ${tokens.length} tokens, at most ${MAX_EDIT_CONTEXT + 1} are possible`,
      "bad_words",
    );
    this.#add("bad_words", tokens.at(-1)!, BAN, ALWAYS, before);
  }

  #add(param: string, token: number, bias: number, until: number, before: ArrayLike<number> = []): void {
    const words = EDIT_HEADER_WORDS + before.length;
    float[0] = bias;
    this.#words.push(words, token, floatBits[0]!, until);
    for (let i = 0; i < before.length; i++) this.#words.push(before[i]!);
    this.#wordsOf.set(param, (this.#wordsOf.get(param) ?? 0) + words);
    if (before.length > 0) this.#hasContext = true;
  }
}
