// The body of POST /v1/embeddings, as far as it is implemented; fields/unimplemented.ts has the rest.
import { z } from "zod";
import { servingFields } from "../../fields/serving.js";
import { promptSchema } from "../completions/schema.js";

export const embeddingSchema = z.object({
  model: z.string().optional(),
  ...servingFields,
  request_id: z.string().optional(),
  input: promptSchema("input"),
  encoding_format: z.enum(["float", "base64"]).optional(),
  add_special_tokens: z.boolean().optional(),
  dimensions: z.int().min(1).optional(),
  truncate_prompt_tokens: z.int().min(-1).optional(),
  truncation_side: z.enum(["left", "right"]).optional(),
});

export type EmbeddingBody = z.output<typeof embeddingSchema>;
