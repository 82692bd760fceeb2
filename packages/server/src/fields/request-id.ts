// The part of a reply's id after "chatcmpl-" or "cmpl-": the client's own, when it is one that is safe to log and print.
import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import type { Env } from "../context.js";

const SAFE = /^[A-Za-z0-9._:-]{1,128}$/;

/** @param given the X-Request-Id header, or the body's `request_id` */
export function requestId(given: string | undefined): string {
  return given !== undefined && SAFE.test(given) ? given : randomUUID().replaceAll("-", "");
}

/** The id of this request in reply and log: the body's `request_id` goes before the header. */
export function chooseRequestId(c: Context<Env>, fromBody: string | undefined): string {
  if (fromBody !== undefined) c.set("requestId", requestId(fromBody));
  return c.get("requestId");
}
