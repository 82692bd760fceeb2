// The chat page: static files that apps/playground built, read once. They need no key; what they call does.
import { gzipSync } from "node:zlib";
import type { RouteHandler } from "../../context.js";
import type { PageFile } from "./files.js";

/** Files that are smaller gain nothing. */
const MIN_COMPRESSED = 1024;

/** The page runs only its own script, talks only to this server, and cannot turn text into markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

export function pageFile({ content, contentType, hashed }: PageFile): RouteHandler {
  const headers = {
    "content-type": contentType,
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": hashed ? "public, max-age=31536000, immutable" : "no-cache",
    vary: "accept-encoding",
  };
  let compressed: Uint8Array<ArrayBuffer> | null = null;
  return (c) => {
    const gzip = content.length >= MIN_COMPRESSED && /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
    if (!gzip) return c.body(content, 200, headers);
    compressed ??= new Uint8Array(gzipSync(content));
    return c.body(compressed, 200, { ...headers, "content-encoding": "gzip" });
  };
}
