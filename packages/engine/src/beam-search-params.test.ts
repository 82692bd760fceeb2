import { expect, test } from "vitest";
import { resolveBeamSearch } from "./beam-search-params.js";
import type { EngineInfo } from "./engine.js";

const info = {
  maxModelLen: 40_000,
  maxLogprobs: 100_000,
  vocabSize: 100_000,
  logprobsMode: "raw_logprobs",
  generationDefaults: {},
} as EngineInfo;
const search = (beamWidth: number, maxTokens: number) => resolveBeamSearch({ beamWidth, maxTokens }, info, 10, [0, 1]);

test("asks for logprobs that leave a beam's width whatever ends", () => {
  expect(search(8, 16)).toMatchObject({ width: 8, maxTokens: 16, alternatives: 16 });
  expect(search(1, 16).alternatives).toBe(3);
});

test("refuses what would take the process's memory: of one step, and of all that is kept", () => {
  expect(search(256, 256).alternatives).toBe(512);
  expect(search(10, 39_990).alternatives).toBe(20);
  for (const [width, maxTokens] of [
    [257, 1],
    [256, 257],
  ] as const) {
    const message =
      /so many beams of up to \d+ tokens look at \d+ logprobs a token, at most 131072 and 33554432 in all/;
    expect(() => search(width, maxTokens)).toThrowError(message);
    expect(() => search(width, maxTokens)).toThrowError(expect.objectContaining({ param: "beam_width" }));
  }
});
