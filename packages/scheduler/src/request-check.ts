// Refuses requests that could never run, before they are queued.
import { checkArgument, MAX_EDIT_WORDS, OctavoError, ROW_INIT_WORDS, RowFlags, RowInit } from "@octavo/core";
import type { RequestSpec } from "./request-spec.js";

/** What bounds one request, in tokens. */
export interface RequestLimits {
  /** Prompt and output together, as configured. */
  readonly maxModelLen: number;
  /** Tokens of the longest request that the whole KV cache holds. */
  readonly cacheTokens: number;
  /** 0: the device has no tables that edit logits. */
  readonly vocabSize: number;
}

/** @throws INVALID_ARGUMENT that names the field */
export function checkRequest(spec: RequestSpec, { maxModelLen, cacheTokens, vocabSize }: RequestLimits): void {
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
  checkTables(spec, vocabSize);
}

/** What edits logits must fit the room that a plan keeps for one request. */
function checkTables({ id, rowInit, allowedTokenIds, logitEdits }: RequestSpec, vocabSize: number): void {
  const flags = rowInit[RowInit.flags]!;
  const allowed = allowedTokenIds?.length ?? 0;
  const words = logitEdits?.length ?? 0;
  checkArgument(
    flags === 0 || vocabSize > 0,
    `request ${id} edits its logits: the scheduler needs a vocabSize for that`,
    "rowInit",
  );
  checkArgument(
    flags & RowFlags.allowed ? allowed > 0 && allowed <= vocabSize : allowed === 0,
    `request ${id} allows ${allowed} tokens with flags ${flags}: give 1 to ${vocabSize} with RowFlags.allowed, else none`,
    "allowed_token_ids",
  );
  checkArgument(
    flags & RowFlags.edits ? words > 0 && words <= MAX_EDIT_WORDS : words === 0,
    `request ${id} has ${words} words of edits with flags ${flags}: give 1 to ${MAX_EDIT_WORDS} with RowFlags.edits, else none`,
    "logit_bias",
  );
}

/** @throws QUEUE_FULL when so many requests are unfinished that no other may come */
export function checkQueue(id: number, unfinished: number, maxNumQueuedReqs: number): void {
  if (unfinished < maxNumQueuedReqs) return;
  const message = `request ${id} is refused: ${unfinished} are unfinished, max_num_queued_reqs is ${maxNumQueuedReqs}; retry later`;
  throw new OctavoError({ code: "QUEUE_FULL", message });
}
