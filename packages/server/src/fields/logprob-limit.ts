// Bounds how many logprobs one reply in one piece may hold: the whole vocabulary of every token of a long prompt would be hundreds of
// megabytes of JSON, and more of objects before.
import type { EngineInfo } from "@octavo/engine";
import { badRequest } from "../errors/api-error.js";

/** Each takes about 70 bytes of JSON. */
const MOST_ENTRIES = 2 ** 20;
/** So many alternatives every client may ask for by default; the context bounds them well enough. */
const USUAL_ALTERNATIVES = 20;

/** What a request shows: alternatives a token, -1 for the whole vocabulary, undefined for no logprobs. */
interface ShownLogprobs {
  readonly prompts: readonly (readonly number[] | Int32Array)[];
  readonly choices: number;
  /** Output tokens at most; null: up to the context's end. */
  readonly maxTokens: number | null;
  readonly logprobs: number | undefined;
  readonly promptLogprobs: number | null | undefined;
}

/** @throws ApiError 400 when the reply could hold more than MOST_ENTRIES */
export function checkLogprobCount(shown: ShownLogprobs, { vocabSize, maxModelLen }: EngineInfo): void {
  const { prompts, choices, maxTokens, logprobs, promptLogprobs } = shown;
  const entries = (asked: number | null | undefined) => {
    if (asked == null || (asked !== -1 && asked <= USUAL_ALTERNATIVES)) return 0;
    return 1 + (asked === -1 ? vocabSize : Math.min(asked, vocabSize));
  };
  let total = 0;
  for (const { length } of prompts) {
    const output = Math.max(0, Math.min(maxTokens ?? maxModelLen, maxModelLen - length));
    total += choices * (output * entries(logprobs) + length * entries(promptLogprobs));
  }
  if (total <= MOST_ENTRIES) return;
  const param = entries(promptLogprobs) > 0 ? "prompt_logprobs" : "logprobs";
  throw badRequest(
    `The reply could hold ${total} logprobs, at most ${MOST_ENTRIES} are given at once; ask for fewer alternatives, tokens or outputs, or stream.`,
    param,
  );
}
