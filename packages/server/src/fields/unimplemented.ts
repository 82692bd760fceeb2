// Request fields that vLLM 0.27 knows and Octavo does not implement yet. Ignoring one would give an answer that was not
// asked for, so anything but its default is refused. Implementing a field means removing its line here.
import type { JsonObject } from "../body/parse-json.js";
import { badRequest } from "../errors/api-error.js";

/** Field to the values that ask for nothing. `null` always does. */
export type UnimplementedFields = Readonly<Record<string, readonly unknown[]>>;

const SHARED: UnimplementedFields = {
  response_format: [{ type: "text" }],
  thinking_token_budget: [],
  structured_outputs: [],
  session_id: [],
  return_token_offsets: [false],
  return_prompt_text: [false],
  routed_experts_prompt_start: [0],
  kv_transfer_params: [],
  ec_transfer_params: [],
  // Gone from vLLM, still sent by older clients.
  guided_json: [],
  guided_regex: [],
  guided_choice: [],
  guided_grammar: [],
  logits_processors: [[]],
};

/** For `POST /v1/chat/completions`. */
export const CHAT_UNIMPLEMENTED: UnimplementedFields = {
  ...SHARED,
  tool_choice: ["none"],
  parallel_tool_calls: [true],
  functions: [[]],
  function_call: ["none"],
  reasoning_effort: [],
  include_reasoning: [true],
  add_special_tokens: [false],
  chat_template: [],
  media_io_kwargs: [{}],
  mm_processor_kwargs: [{}],
  return_assistant_tokens_mask: [false],
};

/** For `POST /v1/completions`. vLLM drops `suffix` silently; that would not be infilling, so it is refused. */
export const COMPLETION_UNIMPLEMENTED: UnimplementedFields = {
  ...SHARED,
  suffix: [""],
  prompt_embeds: [],
};

/** For `POST /v1/embeddings`. */
export const EMBEDDING_UNIMPLEMENTED: UnimplementedFields = {
  messages: [],
  embed_dtype: ["float32"],
  endianness: ["native", "little"],
  use_activation: [],
  normalize: [],
  cache_salt: [],
  mm_processor_kwargs: [{}],
};

/** For `POST /tokenize`. */
export const TOKENIZE_UNIMPLEMENTED: UnimplementedFields = {
  tools: [[]],
  chat_template: [],
  mm_processor_kwargs: [{}],
  media_io_kwargs: [{}],
};

/** @throws ApiError 400 that names the first field in use that is not implemented */
export function refuseUnimplemented(body: JsonObject, fields: UnimplementedFields): void {
  for (const field of Object.keys(body)) {
    const value = body[field];
    if (value === null || !Object.hasOwn(fields, field)) continue;
    const defaults = fields[field]!;
    if (defaults.some((neutral) => sameValue(value, neutral))) continue;
    const leave = defaults.length > 0 ? `leave it out or send ${JSON.stringify(defaults[0])}` : "leave it out";
    throw badRequest(`\`${field}\` is not implemented yet; ${leave}.`, field);
  }
}

/** Equality for the small values of the table. */
function sameValue(value: unknown, neutral: unknown): boolean {
  if (typeof value !== "object" || typeof neutral !== "object") return value === neutral;
  return Object.keys(value as object).length <= 1 && JSON.stringify(value) === JSON.stringify(neutral);
}
