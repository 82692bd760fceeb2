// `stream` and `stream_options`, the same for every route that generates.
import { z } from "zod";
import { badRequest } from "../errors/api-error.js";

export const streamingFields = {
  stream: z.boolean().optional(),
  stream_options: z
    .object({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() })
    .optional(),
};

type StreamingBody = z.output<z.ZodObject<typeof streamingFields>>;

export interface UsageOptions {
  /** A last chunk with the usage of the whole request. */
  readonly final: boolean;
  /** Usage so far on every chunk; only together with `final`, as in vLLM. */
  readonly continuous: boolean;
}

/** How to stream, or null for one reply at the end. @throws ApiError 400 for stream_options without stream */
export function toUsageOptions({ stream, stream_options: options }: StreamingBody): UsageOptions | null {
  if (!stream) {
    if (options) throw badRequest("`stream_options` is only allowed together with `stream: true`.", "stream_options");
    return null;
  }
  const final = options?.include_usage === true;
  return { final, continuous: final && options?.continuous_usage_stats === true };
}
