import { describe, expect, test } from "vitest";
import { randomInts } from "../../test-support/model-folder.js";
import { MergeHeap } from "./merge-heap.js";
import { MergeTable } from "./merge-table.js";
import { mergeWord, SHORT_WORD } from "./merge-word.js";
import { SafeCuts } from "./safe-cuts.js";

/** A vocabulary that grew by random merges over `letters`. */
function randomMerges(random: (below: number) => number, letters: string, count: number) {
  const tokens = [...letters];
  const merges: [number, number, number][] = [];
  while (merges.length < count) {
    const [left, right] = [random(tokens.length), random(tokens.length)];
    const token = tokens[left]! + tokens[right]!;
    if (token.length > 8 || merges.some(([a, b]) => a === left && b === right)) continue;
    if (!tokens.includes(token)) tokens.push(token);
    merges.push([left, right, tokens.indexOf(token)]);
  }
  return { tokens, merges, table: new MergeTable(Int32Array.from(merges.flat())) };
}

/** The definition: the merge of lowest rank, at its first place, until there is none. */
function mergePlainly(merges: readonly [number, number, number][], word: readonly number[]): number[] {
  const ids = [...word];
  for (;;) {
    const found = merges
      .map(([left, right, merged]) => ({ merged, at: ids.findIndex((id, i) => id === left && ids[i + 1] === right) }))
      .find(({ at }) => at >= 0);
    if (!found) return ids;
    ids.splice(found.at, 2, found.merged);
  }
}

const run = (table: MergeTable, word: readonly number[], pairs: number) => {
  const heap = new MergeHeap(table, Int32Array.from(word));
  while (!heap.step(pairs));
  return [...heap.take()];
};

test("short and long words merge as the definition says", () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = randomInts(seed);
    const { merges, table } = randomMerges(random, "abc".slice(0, 1 + random(3)), 1 + random(25));
    for (let i = 0; i < 10; i++) {
      const word = Array.from({ length: random(SHORT_WORD + 1) }, () => random(Math.min(3, 1 + merges.length)));
      const expected = mergePlainly(merges, word);
      const ids = Int32Array.from(word);
      expect([...ids.subarray(0, mergeWord(table, ids, word.length))]).toEqual(expected);
      expect(run(table, word, 1 + random(9))).toEqual(expected);
    }
  }
});

test("of two merges of the same pair the later one counts", () => {
  const table = new MergeTable(Int32Array.of(1, 2, 7, 1, 2, 8));
  expect([table.find(1, 2), table.merged(1), table.find(2, 1)]).toEqual([1, 8, -1]);
});

describe("safe cuts", () => {
  test("change nothing about the result", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = randomInts(seed);
      const letters = "abcdefg";
      const { tokens, merges, table } = randomMerges(random, letters, 1 + random(25));
      const cuts = new SafeCuts();
      for (const [left, right] of merges) cuts.addMerge(tokens[left]!, tokens[right]!);
      const text = Array.from({ length: 1 + random(60) }, () => letters[random(letters.length)]).join("");
      const ids = (piece: string) =>
        run(
          table,
          [...piece].map((char) => letters.indexOf(char)),
          100,
        );
      const pieces: string[] = [];
      for (let from = 0; from < text.length; ) {
        const end = cuts.next(text, from);
        pieces.push(text.slice(from, end));
        from = end;
      }
      expect(pieces.length).toBeGreaterThan(0);
      expect(pieces.flatMap(ids)).toEqual(ids(text));
    }
  });

  test("cut between pairs that never merge, not inside of a character", () => {
    const cuts = new SafeCuts();
    cuts.addMerge("x", "y");
    expect(cuts.next("xyz", 0)).toBe(2);
    expect(cuts.next("😀😀", 0)).toBe(2);
    expect(cuts.next("xyxy", 2)).toBe(4);
  });
});
