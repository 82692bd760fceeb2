// The bodies of POST /tokenize (a text, or a chat) and POST /detokenize.
import { z } from "zod";
import { chatSchema } from "../chat-completions/schema.js";

export const tokenizeTextSchema = z.object({
  model: z.string().optional(),
  prompt: z.string(),
  add_special_tokens: z.boolean().optional(),
  return_token_strs: z.boolean().optional(),
});

export const tokenizeChatSchema = chatSchema
  .pick({
    model: true,
    messages: true,
    add_generation_prompt: true,
    continue_final_message: true,
    documents: true,
    chat_template_kwargs: true,
  })
  .extend({ add_special_tokens: z.literal(false).optional(), return_token_strs: z.boolean().optional() });

export const detokenizeSchema = z.object({
  model: z.string().optional(),
  /** The elements are checked by toTokenIds, in one pass. */
  tokens: z.array(z.unknown()).meta({ items: { type: "integer", minimum: 0 } }),
});
