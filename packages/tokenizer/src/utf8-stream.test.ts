import { expect, test } from "vitest";
import { randomInts } from "../test-support/model-folder.js";
import { Utf8Stream } from "./utf8-stream.js";

function decode(bytes: Uint8Array): string {
  const stream = new Utf8Stream();
  let text = "";
  for (const byte of bytes) text += stream.push(byte);
  return text + stream.finish();
}

const reference = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

test("decodes random bytes as TextDecoder does", () => {
  // Bytes around the borders of UTF-8's classes, where mistakes would be.
  const borders = [
    0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1,
    0xf4, 0xf5, 0xff,
  ];
  for (let seed = 0; seed < 3000; seed++) {
    const random = randomInts(seed);
    const bytes = Uint8Array.from({ length: random(12) }, () => borders[random(borders.length)]!);
    expect(decode(bytes), `seed ${seed}`).toBe(reference(bytes));
  }
});

test("decodes every character, and says when one is incomplete", () => {
  for (let point = 0; point <= 0x10ffff; point += 0x35) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const text = String.fromCodePoint(point);
    expect(decode(Buffer.from(text))).toBe(text);
  }
  const stream = new Utf8Stream();
  expect(stream.push(0xe2) + stream.push(0x98)).toBe("");
  expect(stream.pending).toBe(true);
  expect(stream.finish()).toBe("\uFFFD");
  expect(stream.push(0x41)).toBe("A");
});
