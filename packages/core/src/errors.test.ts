import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { assertInternal, checkArgument, OctavoError } from "./errors.js";

test("an error carries code, message, param and cause", () => {
  const cause = new Error("disk");
  const error = new OctavoError({ code: "CHECKPOINT", message: "m", param: "file", cause });
  expect(error).toBeInstanceOf(Error);
  expect([error.name, error.code, error.message, error.param, error.cause]).toEqual([
    "OctavoError",
    "CHECKPOINT",
    "m",
    "file",
    cause,
  ]);
  expect("cause" in new OctavoError({ code: "INTERNAL", message: "m" })).toBe(false);
});

test("it survives structuredClone as JSON and back", () => {
  const error = new OctavoError({ code: "QUEUE_FULL", message: "full", param: "p", cause: new Error("inner") });
  const back = OctavoError.fromJSON(structuredClone(error.toJSON()));
  expect([back.code, back.message, back.param]).toEqual(["QUEUE_FULL", "full", "p"]);
  expect(String(back.cause)).toContain("inner");
  expect(OctavoError.isInstance(back, "QUEUE_FULL")).toBe(true);
  const plain = new OctavoError({ code: "DISPOSED", message: "x" });
  expect(OctavoError.fromJSON(JSON.parse(JSON.stringify(plain))).message).toBe("x");
  const odd = new OctavoError({ code: "INTERNAL", message: "x", cause: { key: 1 } });
  expect(() => structuredClone(odd.toJSON())).not.toThrow();
});

test("isInstance sees errors of another installed copy", async () => {
  const other = `${pathToFileURL(new URL("./errors.ts", import.meta.url).pathname).href}?copy`;
  const copy = (await import(/* @vite-ignore */ other)) as { OctavoError: typeof OctavoError };
  expect(copy.OctavoError).not.toBe(OctavoError);
  const foreign = new copy.OctavoError({ code: "UNSUPPORTED", message: "m" });
  expect(foreign).not.toBeInstanceOf(OctavoError);
  expect(OctavoError.isInstance(foreign)).toBe(true);
  expect(OctavoError.isInstance(foreign, "UNSUPPORTED")).toBe(true);
  expect(OctavoError.isInstance(foreign, "INTERNAL")).toBe(false);
});

test.each([undefined, null, 1, "error", {}, new Error("x")])("%s is no OctavoError", (value) => {
  expect(OctavoError.isInstance(value)).toBe(false);
});

test("from keeps ours and wraps the rest", () => {
  const ours = new OctavoError({ code: "DISPOSED", message: "m" });
  expect(OctavoError.from(ours)).toBe(ours);
  const foreign = new RangeError("r");
  expect(OctavoError.from(foreign)).toMatchObject({ code: "INTERNAL", message: "r", cause: foreign });
  expect(OctavoError.from("text").message).toBe("text");
});

test("checks", () => {
  expect(() => checkArgument(true, "no")).not.toThrow();
  expect(() => checkArgument(0, "bad", "name")).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", param: "name" }),
  );
  expect(() => assertInternal(false, "broken")).toThrow(expect.objectContaining({ code: "INTERNAL" }));
});
