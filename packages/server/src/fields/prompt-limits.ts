// Refuses prompts that cannot fit, as early as that is certain: long text before it is tokenized, so that one request
// cannot occupy the event loop, then tokens by their exact number.
import type { Engine } from "@octavo/engine";
import type { Tokenizer } from "@octavo/tokenizer";
import { badRequest } from "../errors/api-error.js";

/** Text that fits has four characters a token or so; what has more is looked at piece by piece before it is encoded whole. */
const USUAL_CHARS_PER_TOKEN = 6;
/** Characters of a piece: tens of milliseconds. */
const PIECE_LENGTH = 2 ** 15;
/** Tokens that a cut may add to a piece. */
const PIECE_SLACK = 8;
/** `/tokenize` counts also what is longer than a short context. */
const MIN_COUNTABLE_LENGTH = 2 ** 18;

/** Lets other requests go on between two pieces of work. */
export const otherEvents = () => new Promise<void>((resolve) => setImmediate(resolve));

export class PromptLimits {
  readonly maxModelLen: number;
  readonly #tokenizer: Tokenizer;
  /**
   * Characters that can fit at most: no token stands for more of them than the longest vocabulary entry has (entries of
   * byte-level vocabularies count bytes, which are never fewer).
   */
  readonly #maxTextLength: number;

  constructor({ info, tokenizer }: Pick<Engine, "info" | "tokenizer">) {
    this.maxModelLen = info.maxModelLen;
    this.#tokenizer = tokenizer;
    this.#maxTextLength = info.maxModelLen * tokenizer.maxCharsPerToken;
  }

  /** @throws ApiError 400 when so many characters cannot fit the context however they are tokenized */
  checkLength(length: number, param: string): void {
    if (length <= this.#maxTextLength) return;
    throw badRequest(
      `\`${param}\` has ${length} characters; more than ${this.#maxTextLength} never fit this model's ${this.maxModelLen} tokens (max_model_len). Shorten it.`,
      param,
    );
  }

  /** Token ids of a text that may be far too long. @throws ApiError 400 when it is */
  async encode(text: string, options: { addSpecialTokens: boolean }, param: string): Promise<Int32Array> {
    this.checkLength(text.length, param);
    if (text.length > this.maxModelLen * USUAL_CHARS_PER_TOKEN) await this.#refuseByPieces(text, param);
    return this.#tokenizer.encode(text, options);
  }

  async #refuseByPieces(text: string, param: string): Promise<void> {
    let tokens = 0;
    for (let start = 0; start < text.length; start += PIECE_LENGTH) {
      const piece = text.slice(start, start + PIECE_LENGTH);
      tokens += this.#tokenizer.encode(piece, { addSpecialTokens: false }).length - PIECE_SLACK;
      if (tokens > this.maxModelLen) this.#refuse(`more than ${this.maxModelLen}`, undefined, param);
      await otherEvents();
    }
  }

  /** @throws ApiError 400 when the text is too long to be tokenized in one go */
  checkCountable(length: number, param: string): void {
    const limit = Math.max(this.maxModelLen * USUAL_CHARS_PER_TOKEN, MIN_COUNTABLE_LENGTH);
    if (length <= limit) return;
    throw badRequest(`\`${param}\` has ${length} characters, at most ${limit} are tokenized at once; split it.`, param);
  }

  /**
   * To be asked before the messages are looked at one by one.
   * @throws ApiError 400 when there are more than the context has tokens: each takes at least one
   */
  checkMessageCount(messages: unknown): void {
    if (!Array.isArray(messages) || messages.length <= this.maxModelLen) return;
    throw badRequest(
      `\`messages\` has ${messages.length} entries; this model's context has ${this.maxModelLen} tokens (max_model_len).`,
      "messages",
    );
  }

  /**
   * @param maxTokens what the request asked for; undefined when it did not
   * @throws ApiError 400 with the numbers when prompt and output do not fit the context together
   */
  checkTokens(promptTokens: number, maxTokens: number | undefined, param: string): void {
    if (promptTokens + (maxTokens ?? 1) > this.maxModelLen) this.#refuse(String(promptTokens), maxTokens, param);
  }

  #refuse(promptTokens: string, maxTokens: number | undefined, param: string): never {
    const room = this.maxModelLen - Number(promptTokens);
    const asked = maxTokens === undefined ? "" : `, max_tokens is ${maxTokens}`;
    const advice =
      asked && room > 0 ? `Shorten \`${param}\` or ask for at most ${room} tokens.` : `Shorten \`${param}\`.`;
    throw badRequest(
      `This model's context has ${this.maxModelLen} tokens (max_model_len) for prompt and output together; the prompt has ${promptTokens}${asked}. ${advice}`,
      param,
    );
  }
}
