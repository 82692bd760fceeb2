import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LLAMA_DECODER, load, POCKET, pieceTokenizer } from "../test-support/model-folder.js";
import { inSlices } from "./encode-slices.js";
import { Encoder } from "./encoder.js";
import type { TokenizerJson } from "./tokenizer-json.js";

const LENGTH = 300_000;
/** A second or so on a busy machine; minutes where time grows with the square of the length. */
const MAX_MS = 10_000;

const pocket: TokenizerJson = JSON.parse(readFileSync(join(POCKET, "tokenizer.json"), "utf8"));
const pieces = pieceTokenizer(LLAMA_DECODER) as TokenizerJson;

describe("a long text takes no long time, and stops often", () => {
  test.each([
    ["words", "The quick brown fox jumps over the lazy dog. ".repeat(LENGTH / 45)],
    ["one word of one letter", "a".repeat(LENGTH)],
    ["one word of two letters", "ab".repeat(LENGTH / 2)],
    ["spaces", " ".repeat(LENGTH)],
    ["spaces and line ends", " \n".repeat(LENGTH / 2)],
    ["ideographs", "漢字".repeat(LENGTH / 6)],
    ["emoji", "👩‍👧".repeat(LENGTH / 12)],
    ["beginnings of added tokens", "<|en".repeat(LENGTH / 4)],
  ])("%s", { timeout: 60_000 }, (_name, text) => {
    for (const json of [pocket, pieces]) {
      const work = new Encoder(json, json.added_tokens, "tokenizer.json").encode(text, false);
      const start = performance.now();
      let stops = 0;
      let step = work.next();
      for (; !step.done; step = work.next()) stops += 1;
      expect(performance.now() - start).toBeLessThan(MAX_MS);
      expect(stops).toBeGreaterThanOrEqual(Math.floor(text.length / 2 ** 14) - 1);
      expect(step.value.length).toBeGreaterThan(text.length / 300);
    }
  });
});

test("a word that V8 cannot match is an error that says so", async () => {
  const tokenizer = await load(pocket);
  const error = expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("break it up") });
  expect(() => tokenizer.encode("—".repeat(20_000_000))).toThrow(error);
});

test("other events come between slices, and the result is that of one go", async () => {
  const tokenizer = await load(pocket);
  const text = "Some words, 123 numbers and 😀. ".repeat(3000);
  expect(await tokenizer.encodeAsync(text)).toEqual(tokenizer.encode(text));

  let events = 0;
  const count = () => {
    events += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  function* work(): Generator<void, string> {
    for (let i = 0; i < 20; i++) {
      for (const start = performance.now(); performance.now() - start < 2; );
      yield;
    }
    return "done";
  }
  expect(await inSlices(work())).toBe("done");
  clearImmediate(next);
  expect(events).toBeGreaterThan(5);
});

test("an error of a slice rejects", async () => {
  const single = [{ SpecialToken: { id: "<nowhere>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }];
  const post_processor = { type: "TemplateProcessing", single, pair: single, special_tokens: {} };
  const tokenizer = await load({ ...pieces, post_processor });
  await expect(tokenizer.encodeAsync("a")).rejects.toMatchObject({ code: "CHECKPOINT" });
});
