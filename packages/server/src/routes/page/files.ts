// Which files the chat page has: what lies in its folder, so that their names may carry a hash.
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { OctavoError } from "@octavo/core";
import { pageFolder } from "../../page-folder.js";

export interface PageFile {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** Its name changes with its content: it may be cached for ever. */
  readonly hashed: boolean;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

const ENTRY = "index.html";

/** Path to file: `/`, and `/page/NAME` for what it refers to. @throws OctavoError where the page was not built */
export function readPage(folder: URL = pageFolder): ReadonlyMap<string, PageFile> {
  const files = names(folder).map((name): [string, PageFile] => {
    const contentType = CONTENT_TYPES[extname(name)] ?? "application/octet-stream";
    const content = new Uint8Array(readFileSync(new URL(name, folder)));
    return [name === ENTRY ? "/" : `/page/${name}`, { content, contentType, hashed: name !== ENTRY }];
  });
  return new Map(files);
}

function names(folder: URL): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    const message = `The chat page is missing from ${folder.pathname}; build it with \`npm run build\`, or install @octavo/server again.`;
    throw new OctavoError({ code: "INTERNAL", message, cause });
  }
}
