import { expect, test } from "vitest";
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from "./float-conversion.js";
import { seededRandom } from "./random.js";

const FORMATS = [
  { name: "float16", decode: float16ToNumber, encode: numberToFloat16, infinity: 0x7c00 },
  { name: "bfloat16", decode: bfloat16ToNumber, encode: numberToBfloat16, infinity: 0x7f80 },
] as const;

test("known values", () => {
  expect(float16ToNumber(0x3c00)).toBe(1);
  expect(float16ToNumber(0xc000)).toBe(-2);
  expect(float16ToNumber(0x7bff)).toBe(65504);
  expect(float16ToNumber(0x0001)).toBe(2 ** -24);
  expect(float16ToNumber(0x0400)).toBe(2 ** -14);
  expect(bfloat16ToNumber(0x3f80)).toBe(1);
  expect(bfloat16ToNumber(0xc049)).toBe(-3.140625);
  expect(bfloat16ToNumber(0x0001)).toBe(2 ** -133);
  expect(numberToFloat16(65519.999)).toBe(0x7bff);
  expect(numberToFloat16(65520)).toBe(0x7c00);
  expect(numberToBfloat16(Math.PI)).toBe(0x4049);
  expect(numberToBfloat16((2 - 2 ** -8) * 2 ** 127)).toBe(0x7f80);
});

test.each(FORMATS)("every $name survives the way there and back", ({ decode, encode, infinity }) => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = decode(bits);
    if ((bits & 0x7fff) > infinity) {
      expect(value).toBeNaN();
      expect(encode(value) & 0x7fff).toBeGreaterThan(infinity);
    } else if (encode(value) !== bits) {
      expect.fail(`${bits} is ${value}, which becomes ${encode(value)}`);
    }
  }
});

test.each(FORMATS)("$name rounds to the nearest, ties to even", ({ decode, encode, infinity }) => {
  for (let bits = 0; bits < infinity - 1; bits++) {
    const [low, high] = [decode(bits), decode(bits + 1)];
    const middle = (low + high) / 2;
    const even = bits % 2 === 0 ? bits : bits + 1;
    const step = (high - low) * 2 ** -20;
    const got = [encode(middle - step), encode(middle), encode(middle + step), encode(-middle) & 0x7fff];
    if (got.join() !== [bits, even, bits + 1, even].join()) expect.fail(`between ${low} and ${high}: ${got}`);
  }
});

test("float16 and bfloat16 agree with rounding by arithmetic", () => {
  const random = seededRandom(5);
  for (let i = 0; i < 5000; i++) {
    const value = random.normal() * 2 ** (random.integer(20) - 10);
    // Adding and subtracting 2^(52 - bits) times the magnitude's power of two rounds in the FPU.
    for (const [bits, round] of [
      [10, (v: number) => float16ToNumber(numberToFloat16(v))],
      [7, (v: number) => bfloat16ToNumber(numberToBfloat16(v))],
    ] as const) {
      const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), bits === 10 ? -14 : -126);
      const shift = 1.5 * 2 ** (52 + exponent - bits);
      expect(round(value)).toBe(value + shift - shift);
    }
  }
});
