// Refuses prompts that cannot fit, as early as that is certain: long text before it is tokenized, so that one request
// cannot occupy the event loop, then tokens by their exact number.
import type { Engine } from "@octavo/engine";
import { badRequest } from "../errors/api-error.js";

/** `/tokenize` counts also what is longer than the context; this much text is tokenized in any case. */
const MIN_COUNTABLE_LENGTH = 2 ** 20;

export class PromptLimits {
  readonly maxModelLen: number;
  /**
   * Characters that can fit at most: no token stands for more of them than the longest vocabulary entry has (entries of
   * byte-level vocabularies count bytes, which are never fewer).
   */
  readonly maxTextLength: number;

  constructor({ info, tokenizer }: Pick<Engine, "info" | "tokenizer">) {
    this.maxModelLen = info.maxModelLen;
    this.maxTextLength = info.maxModelLen * tokenizer.maxCharsPerToken;
  }

  /** @throws ApiError 400 when so many characters cannot fit the context however they are tokenized */
  checkText(length: number, param: string): void {
    if (length <= this.maxTextLength) return;
    throw badRequest(
      `\`${param}\` has ${length} characters; more than ${this.maxTextLength} never fit this model's ${this.maxModelLen} tokens (max_model_len). Shorten it.`,
      param,
    );
  }

  /** @throws ApiError 400 when the text is too long to be tokenized in one go */
  checkCountable(length: number, param: string): void {
    const limit = Math.max(this.maxTextLength, MIN_COUNTABLE_LENGTH);
    if (length <= limit) return;
    throw badRequest(`\`${param}\` has ${length} characters, at most ${limit} are tokenized at once; split it.`, param);
  }

  /** @throws ApiError 400 when there are more messages than the context has tokens: each takes at least one */
  checkMessages(count: number): void {
    if (count <= this.maxModelLen) return;
    throw badRequest(
      `\`messages\` has ${count} entries; this model's context has ${this.maxModelLen} tokens (max_model_len).`,
      "messages",
    );
  }

  /**
   * @param maxTokens what the request asked for; undefined when it did not
   * @throws ApiError 400 with the numbers when prompt and output do not fit the context together
   */
  checkTokens(promptTokens: number, maxTokens: number | undefined, param: string): void {
    const room = this.maxModelLen - promptTokens;
    if (room >= (maxTokens ?? 1)) return;
    const asked = maxTokens === undefined || room < 1 ? "" : ` and max_tokens is ${maxTokens}`;
    const advice = asked ? `Shorten \`${param}\` or ask for at most ${room} tokens.` : `Shorten \`${param}\`.`;
    throw badRequest(
      `This model's context has ${this.maxModelLen} tokens (max_model_len) for prompt and output together; the prompt has ${promptTokens}${asked}. ${advice}`,
      param,
    );
  }
}
