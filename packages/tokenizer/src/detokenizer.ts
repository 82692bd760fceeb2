// Ids of one request into text for its client, piece by piece: whole characters only, nothing of a stop string.
import { StopMatcher } from "./stop-matcher.js";
import type { TextStream } from "./text-stream.js";
import type { Tokenizer } from "./tokenizer.js";

/** What a request wants of its text. */
export interface DetokenizerOptions {
  /** Leave special tokens out of the text. Default: true. */
  readonly skipSpecialTokens?: boolean;
  /** Keep what a decoder puts between two added tokens that follow each other. Default: true. */
  readonly spacesBetweenSpecialTokens?: boolean;
  /** The text ends before the first of these. {@link StopMatcher} says which one wins. */
  readonly stop?: readonly string[];
  /** End the text after the stop string instead of before it. Default: false. */
  readonly includeStop?: boolean;
  /** Stop strings that are complete with one of the first so many ids are text like any other. Default: 0. */
  readonly minTokens?: number;
  /**
   * The last ids of the prompt (24 are plenty). SentencePiece tokenizers need them: their first token loses its leading space
   * only at the start of a text. They are not part of the output.
   */
  readonly promptTail?: ArrayLike<number>;
}

/**
 * Incremental detokenizer, one for each request. Without stop strings and prompt tail, all it returns is, joined,
 * `tokenizer.decode` of all ids, unless the decoder changes text across several tokens, as few do (a `Fuse` before a cleanup).
 */
export class Detokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #skipSpecial: boolean;
  readonly #stream: TextStream;
  readonly #stops: StopMatcher | null;
  readonly #joinsAdded: boolean;
  #afterAdded = false;
  /** Ids that are still to come before a stop string counts. */
  #unstoppable: number;

  /** @throws INVALID_ARGUMENT (`stop[i]`) for a stop string that cannot be one */
  constructor(tokenizer: Tokenizer, options: DetokenizerOptions = {}) {
    const { skipSpecialTokens = true, spacesBetweenSpecialTokens = true, promptTail = [] } = options;
    const { stop = [], includeStop = false, minTokens = 0 } = options;
    this.#tokenizer = tokenizer;
    this.#skipSpecial = skipSpecialTokens;
    this.#joinsAdded = !skipSpecialTokens && !spacesBetweenSpecialTokens;
    this.#unstoppable = minTokens;
    this.#stream = tokenizer.createTextStream();
    this.#stops = stop.length > 0 ? new StopMatcher(stop, { includeStop }) : null;
    for (let i = 0; i < promptTail.length; i++) this.#decode(promptTail[i]!);
    this.#afterAdded = false;
  }

  /** The stop string that was found; nothing after it is ever returned. */
  get stopped(): string | null {
    return this.#stops?.matched ?? null;
  }

  /** @returns the text that this id made certain; "" once stopped */
  push(id: number): string {
    const text = this.#decode(id);
    if (this.#stops === null) return text;
    return this.#stops.push(text, this.#unstoppable-- <= 0);
  }

  /** The rest: an incomplete character as U+FFFD, and what was held back. */
  finish(): string {
    const text = this.#stream.finish();
    return this.#stops === null ? text : this.#stops.push(text, this.#unstoppable <= 0) + this.#stops.finish();
  }

  #decode(id: number): string {
    if (this.#skipSpecial && this.#tokenizer.isSpecial(id)) return "";
    const text = this.#stream.push(id);
    if (!this.#joinsAdded) return text;
    // As in vLLM: of two added tokens that follow each other the second one is its bare text.
    const isAdded = this.#tokenizer.isAdded(id);
    const isJoined = isAdded && this.#afterAdded;
    this.#afterAdded = isAdded;
    return isJoined ? this.#tokenizer.tokenOf(id)! : text;
  }
}
