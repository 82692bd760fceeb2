// What the routes of the development mode take and answer.
import { z } from "zod";

/** Of a query, or of a JSON body. */
const flag = z.union([z.boolean(), z.enum(["true", "false", "True", "False", "1", "0"])]);

export const pauseQuery = z.object({
  mode: z.enum(["abort", "wait", "keep"]).optional(),
  clear_cache: flag.optional(),
  /** vLLM's former way to say `mode=wait`. */
  wait_for_inflight_requests: flag.optional(),
});

export const resetQuery = z.object({
  reset_running_requests: flag.optional(),
  reset_external: flag.optional(),
});

export const worldSizeQuery = z.object({ include_dp: flag.optional() });

export const isTrue = (value: z.output<typeof flag>): boolean => ["true", "1"].includes(String(value).toLowerCase());

export const collectiveRpcSchema = z.object({
  method: z.string().min(1),
  args: z.array(z.unknown()).optional(),
  kwargs: z.record(z.string(), z.unknown()).optional(),
  /** Seconds. */
  timeout: z.number().meta({ exclusiveMinimum: 0 }).optional(),
});

export const abortRequestsSchema = z.object({
  request_ids: z.array(z.string()).meta({ description: "Left out or empty: all requests." }).optional(),
});

export const weightVersionSchema = z.object({ new_version: z.string() });

export const resetReply = z.object({ success: z.boolean() });
export const statusReply = z.object({ status: z.string() });
export const abortReply = z.object({ status: z.literal("aborted"), aborted: z.int() });
export const worldSizeReply = z.object({ world_size: z.int() });
export const pausedReply = z.object({ is_paused: z.boolean() });
export const rpcReply = z.object({ results: z.array(z.unknown()) });
export const weightInfoReply = z.object({ weight_version: z.string() });
export const newVersionReply = z.object({ success: z.literal(true), new_version: z.string() });
