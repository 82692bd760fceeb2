// The part of a reply's id after "chatcmpl-" or "cmpl-": the client's own, when it is one that is safe to log and print.
import { randomUUID } from "node:crypto";

const SAFE = /^[A-Za-z0-9._:-]{1,128}$/;

/** @param given the X-Request-Id header */
export function requestId(given: string | undefined): string {
  return given !== undefined && SAFE.test(given) ? given : randomUUID().replaceAll("-", "");
}
