import { expect, test } from "vitest";
import { gumbel, philox4x32, uniform } from "./philox.js";

/** Random123's known answers for philox4x32 with 10 rounds (its kat_vectors file). */
const KNOWN = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
] as const;

test.each(KNOWN)("known answer for key $key", ({ counter, key, words }) => {
  const out = new Uint32Array(4);
  philox4x32(out, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  expect([...out]).toEqual([...words]);
  // Plans hold words as signed integers.
  philox4x32(out, counter[0] | 0, counter[1] | 0, counter[2] | 0, counter[3] | 0, key[0] | 0, key[1] | 0);
  expect([...out]).toEqual([...words]);
});

test("uniform is inside of (0, 1) and exact in float32", () => {
  for (const word of [0, 1, 0x1ff, 0x200, 0x80000000, 0xffffffff]) {
    const value = uniform(word);
    expect(value).toBeGreaterThan(0);
    expect(value).toBeLessThan(1);
    expect(Math.fround(value)).toBe(value);
  }
});

test("gumbel takes the token's word of its block", () => {
  const words = new Uint32Array(4);
  philox4x32(words, 1234 >>> 2, 56, 3, 0, 7, 8);
  for (let token = 1232; token < 1236; token++) {
    expect(gumbel(7, 8, 56, 3, token)).toBe(-Math.log(-Math.log(uniform(words[token & 3]!))));
  }
});

test("gumbel noise has the mean and variance of the distribution", () => {
  const count = 40_000;
  let sum = 0;
  let squares = 0;
  for (let position = 0; position < count; position++) {
    const noise = gumbel(11, 22, position, 0, position % 97);
    sum += noise;
    squares += noise * noise;
  }
  const mean = sum / count;
  // Five standard errors of each.
  expect(Math.abs(mean - 0.5772)).toBeLessThan(5 * 1.283 * count ** -0.5);
  expect(Math.abs(squares / count - mean * mean - Math.PI ** 2 / 6)).toBeLessThan(5 * 3.5 * count ** -0.5);
});
