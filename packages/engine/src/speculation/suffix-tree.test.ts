import { expect, test } from "vitest";
import { SuffixTree } from "./suffix-tree.js";

/** How often each token follows the context, by looking everywhere; no text goes on in the next. */
function followers(texts: readonly number[][], context: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const text of texts) {
    for (let i = 0; i + context.length < text.length; i++) {
      if (!context.every((token, j) => text[i + j] === token)) continue;
      const next = text[i + context.length]!;
      counts.set(next, (counts.get(next) ?? 0) + 1);
    }
  }
  return counts;
}

test.each([
  [2, 6, 1],
  [4, 8, 2],
  [30, 5, 3],
])(
  "texts of %i kinds of tokens, depth %i: the longest match, and its likeliest follower with its share",
  (kinds, maxDepth, seed) => {
    let state = seed;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const tree = new SuffixTree(maxDepth);
    const texts: number[][] = [];
    let drafted = 0;
    for (let t = 0; t < 4; t++) {
      const text: number[] = [];
      texts.push(text);
      for (let i = 0; i < 150; i++) {
        text.push(random(kinds));
        const tokens = Int32Array.from(text);
        tree.append(tokens, text.length - 1, text.length);
        let depth = Math.min(maxDepth - 1, text.length);
        while (depth > 0 && followers(texts, text.slice(-depth)).size === 0) depth--;
        expect(tree.match(tokens, tokens.length)).toBe(depth);
        if (depth === 0) continue;
        const counts = followers(texts, text.slice(-depth));
        const total = [...counts.values()].reduce((a, b) => a + b);
        const token = tree.next();
        expect(counts.get(token)).toBe(Math.max(...counts.values()));
        expect(tree.probability).toBeCloseTo(counts.get(token)! / total);
        drafted++;
      }
      tree.endText();
    }
    expect(drafted).toBeGreaterThan(300);
  },
);

test("goes on with a text that occurred once, up to its end", () => {
  const tree = new SuffixTree(4);
  tree.append(Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 0, 8);
  tree.endText();
  expect(tree.match(Int32Array.of(9, 2, 3), 3)).toBe(2);
  expect(Array.from({ length: 6 }, () => tree.next())).toEqual([4, 5, 6, 7, 8, -1]);
});

test("goes on beyond its depth with what followed the first time", () => {
  const tree = new SuffixTree(4);
  const text = Int32Array.of(1, 2, 3, 4, 5, 6, 7);
  for (let i = 0; i < 2; i++) {
    tree.append(text, 0, text.length);
    tree.endText();
  }
  expect(tree.match(text, 3)).toBe(3);
  expect(Array.from({ length: 5 }, () => tree.next())).toEqual([4, 5, 6, 7, -1]);
});

test("a hundred thousand tokens take a moment", () => {
  const tokens = Int32Array.from({ length: 100_000 }, (_, i) => (i * i * 31 + (i >> 3)) % 5000);
  const tree = new SuffixTree(24);
  const start = performance.now();
  tree.append(tokens, 0, tokens.length);
  expect(performance.now() - start).toBeLessThan(3000);
});
