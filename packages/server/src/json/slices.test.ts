import { expect, test } from "vitest";
import { joinSlices, slices } from "./slices.js";

test("pieces are joined to slices, and nothing is lost", () => {
  const pieces = Array.from({ length: 1000 }, (_, i) => String(i).repeat(100));
  const parts = [...slices(pieces)];
  expect(parts.join("")).toBe(pieces.join(""));
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts.slice(0, -1)) expect(part.length).toBeGreaterThanOrEqual(2 ** 16);
  expect([...slices([])]).toEqual([]);
});

test("a short text is there at once, a long one while other events run", async () => {
  expect(joinSlices(["a", "b"])).toBe("ab");
  let others = 0;
  const count = () => {
    others++;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  const pieces = Array.from({ length: 100 }, () => "x".repeat(2 ** 15));
  expect(await joinSlices(pieces)).toBe(pieces.join(""));
  clearImmediate(immediate);
  expect(others).toBeGreaterThan(20);
});
