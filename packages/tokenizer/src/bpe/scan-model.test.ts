import { expect, test } from "vitest";
import type { BpeVocabulary } from "./bpe-vocabulary.js";
import { SCANNED, scanTokenizerJson } from "./scan-model.js";

const plain = {
  before: { vocab: 1, merges: "no", "a\\": '"' },
  model: {
    type: "BPE",
    dropout: null,
    vocab: {
      a: 0,
      b: 1,
      ab: 2,
      "\\": 3,
      '"': 4,
      'a"': 5,
      vocab: 6,
      merges: 7,
      "{": 8,
      "]": 9,
      "\u0120é": 10,
      "\\\\": 11,
      __proto__x: 12,
    },
    merges: [
      ["a", "b"],
      ["a", '"'],
      ["\\", "\\"],
    ],
    ignore_merges: true,
  },
  after: ["x"],
};

test.each([undefined, 1])("reads what JSON.parse reads (indentation %s)", (indentation) => {
  for (const merges of [plain.model.merges, plain.model.merges.map((merge) => merge.join(" "))]) {
    const json = { ...plain, model: { ...plain.model, merges } };
    const scanned = scanTokenizerJson(JSON.stringify(json, null, indentation)) as typeof plain;
    const { [SCANNED]: vocabulary } = scanned.model as unknown as { [SCANNED]: BpeVocabulary };
    expect(JSON.parse(JSON.stringify(scanned))).toEqual(json);
    expect(Object.entries(json.model.vocab).every(([token, id]) => vocabulary.index.get(token) === id)).toBe(true);
    expect([vocabulary.index.size, vocabulary.index.get("ba")]).toEqual([13, undefined]);
    expect([...vocabulary.merges()]).toEqual([0, 1, 2, 0, 4, 5, 3, 3, 11]);
  }
});

test.each<[string, string]>([
  ["another kind of model", JSON.stringify(plain).replace('"BPE"', '"WordPiece"')],
  ["no merges", JSON.stringify({ model: { type: "BPE", vocab: { a: 0 } } })],
  ["an empty vocabulary", JSON.stringify({ model: { type: "BPE", vocab: {}, merges: [] } })],
  ["a vocabulary elsewhere", JSON.stringify({ extra: { vocab: { a: 0 }, merges: ["a a"] }, model: { type: "BPE" } })],
  ["a second vocabulary", '{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["a a"],"vocab":{"b":0}}}'],
  ["a token twice", '{"model":{"type":"BPE","vocab":{"a":0,"aa":1,"a":2},"merges":["a a"]}}'],
  ["a prefix", JSON.stringify({ model: { type: "BPE", continuing_subword_prefix: "#", vocab: { a: 0 }, merges: [] } })],
  ["a merge of no token", '{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["a b"]}}'],
  ["a merge of three", '{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":[["a","a","a"]]}}'],
  ["a number that is none", '{"model":{"type":"BPE","vocab":{"a":0.5,"aa":1},"merges":["a a"]}}'],
  ["an id that is absurd", '{"model":{"type":"BPE","vocab":{"a":0,"aa":99999999999},"merges":["a a"]}}'],
  ["cut short", '{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["a a"'],
  ["cut in a text", '{"model":{"type":"BPE","vocab":{"a":0,"aa'],
])("%s is left to JSON.parse", (_what, text) => {
  expect(scanTokenizerJson(text)).toBeNull();
});
