// The chat page: static files of ours, read once. They need no key; what they call does.
import { readFileSync } from "node:fs";
import type { RouteHandler } from "../../context.js";
import { pageFolder } from "../../page-folder.js";

interface PageFile {
  readonly name: string;
  readonly contentType: string;
}

/** Path to file. */
export const PAGE_FILES: ReadonlyMap<string, PageFile> = new Map([
  ["/", { name: "index.html", contentType: "text/html; charset=utf-8" }],
  ["/page/style.css", { name: "style.css", contentType: "text/css; charset=utf-8" }],
  ["/page/chat.js", { name: "chat.js", contentType: "text/javascript; charset=utf-8" }],
]);

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function pageFile({ name, contentType }: PageFile): RouteHandler {
  const text = readFileSync(new URL(name, pageFolder), "utf8");
  const headers = {
    "content-type": contentType,
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  };
  return (c) => c.body(text, 200, headers);
}
