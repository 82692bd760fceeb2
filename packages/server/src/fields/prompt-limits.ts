// Refuses prompts that cannot fit, as early as that is certain: long text before it is tokenized, so that one request
// cannot occupy the event loop, then tokens by their exact number.
import type { Engine } from "@octavo/engine";
import type { Tokenizer } from "@octavo/tokenizer";
import { badRequest } from "../errors/api-error.js";
import { otherEvents } from "../other-events.js";

/** Text that fits has four characters a token or so; what has more is looked at piece by piece before it is encoded whole. */
const USUAL_CHARS_PER_TOKEN = 6;
/** Characters of a piece, which is encoded in one go: a few milliseconds, tens of them with the library's encoder. */
const PIECE_LENGTH = 2 ** 14;
/** Tokens that a cut may add to a piece. */
const PIECE_SLACK = 8;
/** `/tokenize` counts also what is longer than a short context. */
const MIN_COUNTABLE_TOKENS = 2 ** 15;
const MIN_COUNTABLE_LENGTH = MIN_COUNTABLE_TOKENS * USUAL_CHARS_PER_TOKEN;
/** Lists of token ids are cheap: also with a short context a request may hold many prompts, or a long text's ids. */
const MIN_TOKEN_IDS = 2 ** 18;
const CONTEXTS_OF_TOKEN_IDS = 4;

export class PromptLimits {
  readonly maxModelLen: number;
  /** Token ids that one request may hold in all its prompts. */
  readonly maxTokenIds: number;
  readonly #maxPrompts: number;
  readonly #engine: Pick<Engine, "tokenizer">;

  /** @param maxPrompts prompts of one request, all of which the engine's queue must hold at once */
  constructor(engine: Pick<Engine, "info" | "tokenizer">, maxPrompts: number) {
    const { info } = engine;
    this.maxModelLen = info.maxModelLen;
    this.maxTokenIds = Math.max(MIN_TOKEN_IDS, CONTEXTS_OF_TOKEN_IDS * info.maxModelLen);
    this.#maxPrompts = maxPrompts;
    this.#engine = engine;
  }

  /** @throws INVALID_ARGUMENT where the engine has none */
  get #tokenizer(): Tokenizer {
    return this.#engine.tokenizer;
  }

  /**
   * Characters that can fit at most: no token stands for more of them than the longest vocabulary entry has (entries of
   * byte-level vocabularies count bytes, which are never fewer).
   */
  get #maxTextLength(): number {
    return this.maxModelLen * this.#tokenizer.maxCharsPerToken;
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
    if (text.length > this.maxModelLen * USUAL_CHARS_PER_TOKEN) {
      if (await this.#exceeds(text, this.maxModelLen)) this.#refuse(`more than ${this.maxModelLen}`, param);
    }
    return this.#encodeWhole(text, options);
  }

  /** Token ids of a text that will be cut, or counted. @throws ApiError 400 when it is too long to be tokenized in one go */
  async encodeToCut(text: string, options: { addSpecialTokens: boolean }, param: string): Promise<Int32Array> {
    await this.checkCountable(text, param);
    return this.#encodeWhole(text, options);
  }

  /** Short texts at once: waiting would cost more. */
  #encodeWhole(text: string, options: { addSpecialTokens: boolean }): Int32Array | Promise<Int32Array> {
    return text.length <= PIECE_LENGTH
      ? this.#tokenizer.encode(text, options)
      : this.#tokenizer.encodeAsync(text, options);
  }

  /** Whether the text certainly has more tokens than that. */
  async #exceeds(text: string, maxTokens: number): Promise<boolean> {
    let tokens = 0;
    for (let start = 0; start < text.length; start += PIECE_LENGTH) {
      const piece = text.slice(start, start + PIECE_LENGTH);
      tokens += this.#tokenizer.encode(piece, { addSpecialTokens: false }).length - PIECE_SLACK;
      if (tokens > maxTokens) return true;
      await otherEvents();
    }
    return false;
  }

  /** @throws ApiError 400 when the text is too long to be tokenized in one go */
  async checkCountable(text: string, param: string): Promise<void> {
    const limit = Math.max(this.maxModelLen * USUAL_CHARS_PER_TOKEN, MIN_COUNTABLE_LENGTH);
    if (text.length > limit) {
      const found = `has ${text.length} characters, at most ${limit} are tokenized at once`;
      throw badRequest(`\`${param}\` ${found}; split it.`, param);
    }
    if (text.length <= PIECE_LENGTH) return;
    const maxTokens = Math.max(this.maxModelLen, MIN_COUNTABLE_TOKENS);
    if (await this.#exceeds(text, maxTokens)) {
      throw badRequest(`\`${param}\` has more than ${maxTokens} tokens, the most that are counted; split it.`, param);
    }
  }

  /** @throws ApiError 400 when there are more outputs than the engine can ever take at once */
  checkChoices(prompts: number, n: number): void {
    if (prompts * n <= this.#maxPrompts) return;
    const found = prompts === 1 ? `\`n\` is ${n}` : `${prompts} prompts with \`n\` ${n} give ${prompts * n} outputs`;
    throw badRequest(
      `${found}, at most ${this.#maxPrompts} can be in flight (--max-num-queued-reqs); ask for fewer.`,
      "n",
    );
  }

  /** @throws ApiError 400 when there are more prompts than the engine can ever take at once */
  checkPromptCount(count: number, param = "prompt"): void {
    if (count <= this.#maxPrompts) return;
    throw badRequest(
      `\`${param}\` has ${count} prompts, at most ${this.#maxPrompts} can be in flight (--max-num-queued-reqs); split them.`,
      param,
    );
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
   * @param names what the request calls its prompt and its `maxTokens`
   * @throws ApiError 400 with the numbers when prompt and output do not fit the context together
   */
  checkTokens(promptTokens: number, maxTokens: number | undefined, names: { prompt: string; maxTokens: string }): void {
    const room = this.maxModelLen - promptTokens;
    if (room < 1) this.#refuse(String(promptTokens), names.prompt);
    if (maxTokens === undefined || maxTokens <= room) return;
    const found = `the prompt has ${promptTokens}, \`${names.maxTokens}\` is ${maxTokens}`;
    const advice = `Ask for at most ${room} tokens or shorten \`${names.prompt}\`.`;
    throw badRequest(`${this.#context} ${found}. ${advice}`, names.maxTokens);
  }

  #refuse(promptTokens: string, param: string): never {
    throw badRequest(`${this.#context} the prompt has ${promptTokens}. Shorten \`${param}\`.`, param);
  }

  get #context(): string {
    return `This model's context has ${this.maxModelLen} tokens (max_model_len) for prompt and output together;`;
  }
}
