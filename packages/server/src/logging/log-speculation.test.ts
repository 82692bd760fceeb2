import type { EngineStats } from "@octavo/engine";
import type { Logger } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { logSpeculation } from "./log-speculation.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("what was drafted since the last line, and nothing while nothing is", () => {
  const stats = (numDrafts: number, numDraftTokens: number, ...numAcceptedTokensPerPos: number[]) =>
    ({
      numDrafts,
      numDraftTokens,
      numAcceptedTokens: numAcceptedTokensPerPos.reduce((a, b) => a + b, 0),
      numAcceptedTokensPerPos,
    }) as unknown as EngineStats;
  const engine = { stats: stats(2, 4, 1, 1) };
  const info = vi.fn();
  const stop = logSpeculation(engine, { info } as unknown as Logger, 100);
  vi.advanceTimersByTime(150);
  expect(info).not.toHaveBeenCalled();
  engine.stats = stats(12, 24, 9, 4);
  vi.advanceTimersByTime(200);
  expect(info.mock.calls).toEqual([
    [
      {
        meanAcceptanceLength: 2.1,
        acceptanceRate: 0.55,
        perPosition: [0.8, 0.3],
        drafts: 10,
        draftTokens: 20,
        acceptedTokens: 11,
      },
      "speculative decoding",
    ],
  ]);
  stop();
  engine.stats = stats(99, 99, 9, 9);
  vi.advanceTimersByTime(1000);
  expect(info).toHaveBeenCalledTimes(1);
});
