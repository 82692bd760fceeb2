// Tokenizers of random parts against ids and texts by Hugging Face's tokenizers (Rust).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { FIXTURES, load } from "../test-support/model-folder.js";
import { Detokenizer } from "./detokenizer.js";

interface Case {
  readonly text: string;
  readonly ids: readonly number[];
  readonly bare: readonly number[];
  readonly decoded?: string;
  readonly decodedWithSpecial?: string;
  /** Whether the Rust library's own stream gives the same. */
  readonly streams?: boolean;
}
const packed = readFileSync(join(FIXTURES, "tokenizers/random.json.gz"));
const tokenizers: readonly { readonly seed: number; readonly config: object; readonly cases: readonly Case[] }[] =
  JSON.parse(gunzipSync(packed).toString("utf8"));

test.each(tokenizers)("seed $seed", async ({ config, cases }) => {
  const tokenizer = await load(config);
  expect(tokenizer.encode("a\ud83d b\udc00")).toEqual(tokenizer.encode("a\ufffd b\ufffd"));
  for (const { text, ids, bare, decoded, decodedWithSpecial, streams } of cases) {
    const context = JSON.stringify(text);
    expect([...tokenizer.encode(text)], context).toEqual(ids);
    expect([...tokenizer.encode(text, { addSpecialTokens: false })], context).toEqual(bare);
    if (decoded === undefined) continue;
    expect(tokenizer.decode(ids), context).toBe(decoded);
    expect(tokenizer.decode(ids, { skipSpecialTokens: false }), context).toBe(decodedWithSpecial);
    if (!streams) continue;
    const stream = new Detokenizer(tokenizer, { skipSpecialTokens: false });
    expect(ids.map((id) => stream.push(id)).join("") + stream.finish()).toBe(decodedWithSpecial);
  }
});
