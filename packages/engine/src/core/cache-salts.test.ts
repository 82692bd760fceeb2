import { expect, test } from "vitest";
import { CacheSalts } from "./cache-salts.js";

test("requests of another salt or another RoPE offset get another number", () => {
  const salts = new CacheSalts();
  const pairs = [0, 1, 2 ** 40].flatMap((salt) => [0, 4096, 8192].map((offset) => [salt, offset] as const));
  const numbers = pairs.map(([salt, offset]) => salts.of(salt, offset));
  expect(new Set(numbers).size).toBe(9);
  expect(numbers.map(CacheSalts.saltOf)).toEqual(pairs.map(([salt]) => salt));
  expect(salts.of(0, 0)).toBe(0);
});
