// What the routes answer, for the OpenAPI document; openapi.test.ts holds real replies against it.
import { z } from "zod";

const tokens = z.int().min(0);

const usage = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  total_tokens: tokens,
  prompt_tokens_details: z.looseObject({ cached_tokens: tokens }),
});

/** What every choice has, however it is spelled. */
const choice = {
  index: z.int().min(0),
  finish_reason: z.enum(["stop", "length", "repetition", "abort"]).nullable(),
  stop_reason: z.union([z.string(), z.int()]).nullable(),
  logprobs: z.looseObject({}).nullable(),
  /** With `return_token_ids`. */
  token_ids: z.array(tokens).optional(),
};

/** Where they stand depends on the kind of reply. */
const promptFields = {
  /** With `return_token_ids`. */
  prompt_token_ids: z.array(tokens).optional(),
  /** With `prompt_logprobs`: for each token, ids to what is known of them. */
  prompt_logprobs: z.array(z.record(z.string(), z.looseObject({})).nullable()).optional(),
};

const completion = {
  id: z.string(),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
  usage,
  metadata: z.object({ weight_version: z.string() }),
};

export const chatReply = z.looseObject({
  ...completion,
  ...promptFields,
  object: z.literal("chat.completion"),
  choices: z.array(
    z.looseObject({
      ...choice,
      message: z.looseObject({ role: z.literal("assistant"), content: z.string(), refusal: z.null() }),
    }),
  ),
});

export const completionReply = z.looseObject({
  ...completion,
  object: z.literal("text_completion"),
  choices: z.array(z.looseObject({ ...choice, ...promptFields, text: z.string() })),
});

export const embeddingReply = z.object({
  id: z.string(),
  object: z.literal("list"),
  created: z.int(),
  model: z.string(),
  data: z.array(
    z.object({
      object: z.literal("embedding"),
      index: z.int().min(0),
      /** With `encoding_format` "base64": the bytes of float32 numbers, little-endian. */
      embedding: z.union([z.array(z.number()), z.string()]),
    }),
  ),
  usage: z.object({
    prompt_tokens: tokens,
    total_tokens: tokens,
    completion_tokens: tokens,
    prompt_tokens_details: z.null(),
  }),
});

export const modelCard = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
  root: z.string(),
  parent: z.null(),
  max_model_len: z.int().min(1),
  permission: z.array(z.never()),
});

export const modelList = z.object({ object: z.literal("list"), data: z.array(modelCard) });

export const tokenizeReply = z.object({
  count: tokens,
  max_model_len: z.int().min(1),
  tokens: z.array(tokens),
  token_strs: z.array(z.string()).nullable(),
});

export const detokenizeReply = z.object({ prompt: z.string() });

export const versionReply = z.object({ version: z.string() });

export const loadReply = z.object({ server_load: z.int().min(0) });

export const errorReply = z.object({
  error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.int() }),
});

/** vLLM's own body for this one case. */
export const unauthorizedReply = z.object({ error: z.literal("Unauthorized") });
