import { expect, test } from "vitest";
import { QueueTimes } from "./queue-times.js";

test("a wait is told once, with the first token; who is forgotten leaves nothing", () => {
  let now = 10;
  const times = new QueueTimes(() => now);
  times.arrived(1);
  times.arrived(2);
  now = 12.5;
  times.admitted(1);
  now = 20;
  expect([times.take(1), times.take(1), times.take(2), times.take(3)]).toEqual([2500, 0, 0, 0]);
  times.forget(2);
  times.admitted(2);
  expect(times.take(2)).toBe(0);
  times.arrived(4);
  now += 2 ** 32;
  times.admitted(4);
  expect(times.take(4)).toBe(2 ** 31 - 1);
});
