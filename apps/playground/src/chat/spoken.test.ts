import { expect, test } from "vitest";
import { nextSpoken } from "./spoken.js";

test("whole sentences, once each, and the rest at the end", () => {
  const text = "One. Two is 3.14 “so.” And\nthree";
  let from = 0;
  const heard: string[] = [];
  for (let length = 0; length <= text.length; length++) {
    const part = nextSpoken(text.slice(0, length), from, false);
    from += part.length;
    if (part) heard.push(part);
  }
  expect(heard).toEqual(["One. ", "Two is 3.14 “so.” ", "And\n"]);
  expect(nextSpoken(text, from, true)).toBe("three");
  expect(nextSpoken(text, text.length, true)).toBe("");
});
