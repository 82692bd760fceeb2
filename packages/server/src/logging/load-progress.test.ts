import type { Logger } from "pino";
import { expect, test } from "vitest";
import { loadProgress } from "./load-progress.js";

function watch(isTTY: boolean, level = "info") {
  const written: string[] = [];
  const lines: string[] = [];
  let time = 0;
  const logger = { isLevelEnabled: () => level === "info", info: (_: object, text: string) => lines.push(text) };
  const stream = { isTTY, write: (text: string) => written.push(text) };
  const progress = loadProgress(stream, logger as unknown as Logger, () => time);
  const at = (ms: number, done: number) => {
    time = ms;
    progress.onProgress(done, 200);
  };
  return { written, lines, at, end: () => progress.end() };
}

test("a terminal gets a bar, which goes away", () => {
  const { written, lines, at, end } = watch(true);
  at(100, 10);
  expect(written).toEqual([]);
  at(600, 50);
  at(700, 200);
  end();
  end();
  expect(written).toEqual([
    `\rloading ${"█".repeat(7)}${"░".repeat(23)} 25 %`,
    `\rloading ${"█".repeat(30)} 100 %`,
    `\r${" ".repeat(44)}\r`,
  ]);
  expect(lines).toEqual([]);
});

test("a log gets a line now and then", () => {
  const { written, lines, at, end } = watch(false);
  for (let ms = 0; ms <= 12_000; ms += 1000) at(ms, ms / 100);
  end();
  expect(lines).toEqual(["loading the model: 25 %", "loading the model: 50 %"]);
  expect(written).toEqual([]);
});

test("what loads at once shows nothing, and a quiet log none", () => {
  const fast = watch(true);
  fast.at(100, 200);
  fast.end();
  const quiet = watch(true, "error");
  quiet.at(9000, 100);
  quiet.end();
  expect([...fast.written, ...fast.lines, ...quiet.written]).toEqual([]);
});
