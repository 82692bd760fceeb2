// The body of POST /v1/completions, as far as it is implemented; fields/unimplemented.ts has the rest.
import { z } from "zod";
import { beamSearchFields } from "../../fields/beam-search.js";
import { samplingFields } from "../../fields/sampling.js";
import { servingFields } from "../../fields/serving.js";
import { streamingFields } from "../../fields/streaming.js";
import { tokenViewFields } from "../../fields/token-view.js";

const EXPECTED = "expected a string, a list of strings, a list of token ids or a list of lists of token ids";

const id = { type: "integer", minimum: 0 };
const elements = [{ type: "string", minLength: 1 }, id, { type: "array", items: id, minItems: 1 }];

/**
 * A prompt or several, in the field `name`. The lists' elements are checked in convert.ts, in one pass and with their path; `items` says
 * what that accepts.
 */
export function promptSchema(name: string) {
  const list = z
    .array(z.unknown())
    .min(1, `expected at least one ${name}`)
    .meta({ items: { anyOf: elements }, description: "All strings, all token ids, or all lists of token ids." });
  return z.union([z.string(), list], { error: EXPECTED });
}

export const completionSchema = z.object({
  ...samplingFields,
  ...beamSearchFields,
  ...tokenViewFields,
  ...servingFields,
  ...streamingFields,
  model: z.string().optional(),
  request_id: z.string().optional(),
  prompt: promptSchema("prompt"),
  /** 0 with `echo`: the prompt alone. */
  max_tokens: z.int().min(0).optional(),
  logprobs: z.int().optional(),
  echo: z.boolean().optional(),
  add_special_tokens: z.boolean().optional(),
});

export type CompletionBody = z.output<typeof completionSchema>;
