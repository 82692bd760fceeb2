import { expect, test } from "vitest";
import { Heap } from "./heap.js";

test("behaves like a sorted array under random pushes, shifts, removals and changes", () => {
  const heap = new Heap<{ key: number }>((a, b) => a.key < b.key);
  let expected: { key: number }[] = [];
  let state = 1;
  const random = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
  for (let step = 0; step < 5000; step++) {
    const action = random(8);
    if (action < (step < 2500 ? 5 : 2)) {
      const item = { key: random(1e9) };
      heap.push(item);
      expected.push(item);
    } else if (expected.length > 0 && action === 7) {
      heap.first!.key += random(1e8);
      heap.settleFirst();
    } else if (expected.length > 0 && action === 6) {
      const item = expected[random(expected.length)]!;
      expect(heap.remove(item)).toBe(true);
      expect(heap.remove(item)).toBe(false);
      expected = expected.filter((other) => other !== item);
    } else if (expected.length > 0) {
      const least = Math.min(...expected.map(({ key }) => key));
      const item = heap.shift();
      expect(item.key).toBe(least);
      expected = expected.filter((other) => other !== item);
    }
    expect(heap.length).toBe(expected.length);
    expect(heap.first?.key ?? Number.POSITIVE_INFINITY).toBe(Math.min(...expected.map(({ key }) => key)));
  }
});

test("an empty heap has no first item", () => {
  const heap = new Heap<number>((a, b) => a < b);
  expect(heap.first).toBeUndefined();
  expect(() => heap.shift()).toThrow("empty heap");
});
