// The body of POST /v1/chat/completions, as far as it is implemented; fields/unimplemented.ts has the rest.
import { z } from "zod";
import { beamSearchFields } from "../../fields/beam-search.js";
import { messagesSchema } from "../../fields/messages.js";
import { samplingFields } from "../../fields/sampling.js";
import { servingFields } from "../../fields/serving.js";
import { streamingFields } from "../../fields/streaming.js";
import { tokenViewFields } from "../../fields/token-view.js";

export const chatSchema = z.object({
  ...samplingFields,
  ...beamSearchFields,
  ...tokenViewFields,
  ...servingFields,
  ...streamingFields,
  model: z.string().optional(),
  request_id: z.string().optional(),
  messages: messagesSchema,
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().optional(),
  max_completion_tokens: z.int().min(1).optional(),
  add_generation_prompt: z.boolean().optional(),
  continue_final_message: z.boolean().optional(),
  echo: z
    .boolean()
    .meta({ description: "The reply begins with the last message's content, where that is of the same role." })
    .optional(),
  documents: z.array(z.record(z.string(), z.unknown())).optional(),
  chat_template_kwargs: z.record(z.string(), z.unknown()).optional(),
  tools: z
    .array(z.record(z.string(), z.unknown()))
    .meta({ description: "For the chat template. Calls are not parsed: `tool_choice` must be `none`." })
    .optional(),
  tool_choice: z.unknown().meta({ description: "Only `none` so far." }).optional(),
});

export type ChatBody = z.output<typeof chatSchema>;
