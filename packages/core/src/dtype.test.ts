import { expect, test } from "vitest";
import { DTYPES, FLOAT_DTYPES, isFloatDType } from "./dtype.js";

test("codes are distinct and dense, because C++ indexes tables by them", () => {
  const codes = Object.values(DTYPES).map((info) => info.code);
  expect(codes.sort((a, b) => a - b)).toEqual(codes.map((_, i) => i));
});

test("float dtypes", () => {
  expect(FLOAT_DTYPES.every(isFloatDType)).toBe(true);
  expect(["float64", "int32", "toString", ""].some(isFloatDType)).toBe(false);
});
