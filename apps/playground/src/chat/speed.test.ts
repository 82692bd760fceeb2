import { expect, test } from "vitest";
import { describeSpeed, SpeedMeter } from "./speed.js";

test("the rate leaves out the first token, whose time is the prompt's", () => {
  const meter = new SpeedMeter(1000);
  expect(meter.result()).toBeNull();
  meter.piece(1200, 1);
  expect(meter.result()).toEqual({ firstToken: 200, tokens: 1, tokensPerSecond: null });
  meter.piece(1700, 3);
  meter.piece(2200, 21);
  expect(meter.result()).toEqual({ firstToken: 200, tokens: 21, tokensPerSecond: 20 });
});

test("a server that counts nothing has one token a piece", () => {
  const meter = new SpeedMeter(0);
  for (const now of [100, 200, 300]) meter.piece(now, null);
  expect(meter.result()).toEqual({ firstToken: 100, tokens: 3, tokensPerSecond: 10 });
});

test("in words", () => {
  expect(describeSpeed({ firstToken: 88.4, tokens: 67, tokensPerSecond: 518.2 })).toBe(
    "67 tokens · 518 tokens/s · first after 88 ms",
  );
  expect(describeSpeed({ firstToken: 2345, tokens: 9, tokensPerSecond: 3.14 })).toBe(
    "9 tokens · 3.1 tokens/s · first after 2.3 s",
  );
  expect(describeSpeed({ firstToken: 5, tokens: 1, tokensPerSecond: null })).toBe("1 token · first after 5 ms");
});
