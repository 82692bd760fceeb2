import { expect, test } from "vitest";
import { commandOf, type Key, SHORTCUTS } from "./shortcuts.js";

const key = (key: string, more: Partial<Key> = {}): Key => ({
  key,
  code: "",
  altKey: false,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  ...more,
});

test("characters are commands only while nothing is written", () => {
  expect(commandOf(key("?", { shiftKey: true }), false)).toBe("help");
  expect(commandOf(key("?", { shiftKey: true }), true)).toBeNull();
  expect(commandOf(key("/"), false)).toBe("write");
  expect(commandOf(key("n"), false)).toBeNull();
});

test("Alt goes by the key's place, and not together with Ctrl, which AltGr is on Windows", () => {
  expect(commandOf(key("ñ", { altKey: true, code: "KeyN" }), true)).toBe("new");
  expect(commandOf(key("n", { altKey: true, ctrlKey: true, code: "KeyN" }), true)).toBeNull();
  expect(commandOf(key("/", { altKey: true, code: "Slash" }), false)).toBeNull();
  expect(commandOf(key("/", { metaKey: true, code: "Slash" }), false)).toBeNull();
});

test("no two commands share a key", () => {
  const codes = SHORTCUTS.map(({ altCode }) => altCode).filter((code) => code !== undefined);
  expect(new Set(codes).size).toBe(codes.length);
});
