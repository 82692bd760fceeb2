// Packed fixtures of test/fixtures/sentencepiece.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FIXTURES } from "./model-folder.js";

export function packed(name: string): Buffer {
  return gunzipSync(readFileSync(join(FIXTURES, "sentencepiece", `${name}.gz`)));
}

// biome-ignore lint/suspicious/noExplicitAny: golden values, whose shape each test knows.
export function golden(name: string): any {
  return JSON.parse(packed(name).toString("utf8"));
}
