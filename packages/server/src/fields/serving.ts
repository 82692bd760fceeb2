// The fields that say how a request is served, which chat and text completions share.
import type { RequestOptions } from "@octavo/engine";
import { z } from "zod";
import type { ServerContext } from "../context.js";
import { badRequest } from "../errors/api-error.js";

/** Schema entries; put them into a route's `z.object`. */
export const servingFields = {
  priority: z
    .int()
    .meta({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })
    .optional(),
  user: z.string().max(1024, "expected at most 1024 characters").optional(),
  /** Octavo's own. */
  timeout_ms: z
    .int()
    .min(1)
    .meta({ maximum: 2 ** 31 - 1 })
    .optional(),
};

type ServingBody = z.output<z.ZodObject<typeof servingFields>>;

/**
 * Engine options from a request's fields. The tenant is the request's `user`, else its key: users of different keys are different.
 * @param keyIndex which of the server's keys it came with; undefined where none is needed
 * @throws ApiError 400 for a priority where requests have none
 */
export function toRequestOptions(
  { engine }: Pick<ServerContext, "engine">,
  { priority, user, timeout_ms: timeoutMs }: ServingBody,
  keyIndex: number | undefined,
): RequestOptions {
  if (priority && engine.info.schedulingPolicy !== "priority") {
    const message = `\`priority\` is ${priority}, but priority scheduling is not enabled (--scheduling-policy priority); leave it out or send 0.`;
    throw badRequest(message, "priority");
  }
  const tenant = user === undefined && keyIndex === undefined ? undefined : `${keyIndex ?? ""}/${user ?? ""}`;
  return {
    ...(priority !== undefined && { priority }),
    ...(tenant !== undefined && { tenant }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}
