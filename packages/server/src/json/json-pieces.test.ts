import { expect, test } from "vitest";
import { joined, jsonPieces, RawJson } from "./json-pieces.js";

const textOf = (value: object) => [...jsonPieces(value)].join("");

test("without raw parts it is JSON.stringify", () => {
  const value = { a: [1, null, "x\n"], b: undefined, c: { d: true } };
  expect([...jsonPieces(value)]).toEqual([JSON.stringify(value)]);
});

test("raw parts stand where they are in the value, piece by piece", () => {
  const list = joined("[", ["1", joined("{", ['"a":2', '"b":3'], "}"), joined("[", [], "]")], "]");
  const value = { first: new RawJson(list), rest: [new RawJson(["{", "}"]), "last"], none: undefined };
  expect(JSON.parse(textOf(value))).toEqual({ first: [1, { a: 2, b: 3 }, []], rest: [{}, "last"] });
});
