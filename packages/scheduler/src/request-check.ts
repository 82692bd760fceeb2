// Refuses requests that could never run, before they are queued.
import { checkArgument, OctavoError, ROW_INIT_WORDS } from "@octavo/core";
import type { RequestSpec } from "./request-spec.js";

/** What bounds one request, in tokens. */
export interface RequestLimits {
  /** Prompt and output together, as configured. */
  readonly maxModelLen: number;
  /** Tokens that the whole KV cache holds. */
  readonly cacheTokens: number;
}

/** @throws INVALID_ARGUMENT that names the field */
export function checkRequest(spec: RequestSpec, { maxModelLen, cacheTokens }: RequestLimits): void {
  const { id, promptTokens, maxTokens, rowInit } = spec;
  const prompt = `the prompt of request ${id}`;
  const { length } = promptTokens;
  checkArgument(length > 0, `${prompt} is empty: it needs one token at least`, "prompt");
  checkArgument(
    length < maxModelLen,
    `${prompt} has ${length} tokens, prompt and output together can have ${maxModelLen}: shorten it or raise max_model_len`,
    "prompt",
  );
  checkArgument(
    length <= cacheTokens,
    `${prompt} has ${length} tokens, the whole KV cache holds ${cacheTokens}: shorten it or give the cache more memory`,
    "prompt",
  );
  checkArgument(maxTokens >= 1, `max_tokens of request ${id} is ${maxTokens}: ask for one at least`, "max_tokens");
  checkArgument(
    rowInit.length === ROW_INIT_WORDS,
    `the sampling record of request ${id} has ${rowInit.length} words, it needs ${ROW_INIT_WORDS}`,
    "rowInit",
  );
}

/** @throws QUEUE_FULL when so many requests are unfinished that no other may come */
export function checkQueue(id: number, unfinished: number, maxNumQueuedReqs: number): void {
  if (unfinished < maxNumQueuedReqs) return;
  const message = `request ${id} is refused: ${unfinished} are unfinished, max_num_queued_reqs is ${maxNumQueuedReqs}; retry later`;
  throw new OctavoError({ code: "QUEUE_FULL", message });
}
