// Lets requests through that carry one of the keys. All keys are compared, each in constant time.
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Env } from "../context.js";

/** @param open paths that need no key */
export function bearerAuth(keys: readonly string[], open: ReadonlySet<string>): MiddlewareHandler<Env> {
  const digests = keys.map(digest);
  return async (c, next) => {
    if (open.has(c.req.path)) return next();
    const given = digest(/^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "");
    let match = -1;
    for (const [index, known] of digests.entries()) if (timingSafeEqual(known, given)) match = index;
    if (match >= 0) {
      c.set("keyIndex", match);
      return next();
    }
    // vLLM's own body for this one case, not the usual error shape.
    return c.json({ error: "Unauthorized" }, 401, { "www-authenticate": "Bearer" });
  };
}

/** Equal lengths for timingSafeEqual, whatever the key's. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
