import { expect, test } from "vitest";
import { SaltNames } from "./salt-names.js";

test("every text has a number of its own, none is 0", () => {
  const salts = new SaltNames();
  expect([undefined, "a", "b", "a", ""].map((name) => salts.numberOf(name))).toEqual([0, 1, 2, 1, 3]);
  expect([salts.nameOf(1), salts.nameOf(2), salts.nameOf(9)]).toEqual(["a", "b", null]);
});

test("one that was not used for the longest time is forgotten, and its number never used again", () => {
  const salts = new SaltNames(2);
  for (const name of ["a", "b", "a", "c"]) salts.numberOf(name);
  expect([1, 2, 3].map((number) => salts.nameOf(number))).toEqual(["a", null, "c"]);
  expect(salts.numberOf("b")).toBe(4);
});
