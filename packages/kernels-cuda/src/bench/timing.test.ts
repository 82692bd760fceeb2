import { expect, test } from "vitest";
import type { DeviceTiming, TimingEvent } from "../device-timing.js";
import { FULL, measure } from "./timing.js";

/** A GPU whose calls take `cost` microseconds each. */
function fakeTiming(cost: (call: number) => number) {
  let now = 0;
  let calls = 0;
  const times = new Map<TimingEvent, number>();
  const timing = {
    createEvent(): TimingEvent {
      const event = { record: () => times.set(event, now), [Symbol.dispose]() {} } as unknown as TimingEvent;
      return event;
    },
    elapsed: (start: TimingEvent, end: TimingEvent) => times.get(end)! - times.get(start)!,
    delay: (microseconds: number) => {
      now += microseconds;
    },
  } as DeviceTiming;
  const run = () => {
    now += cost(calls++);
  };
  return { timing, run, count: () => calls };
}

test("the first calls and the delay do not count, and the median is taken", () => {
  const { timing, run } = fakeTiming((call) => (call < 5 ? 100 : call < 50 ? 7 : 10));
  const { microseconds, calls } = measure(timing, run, 3, FULL);
  expect(calls).toBeGreaterThanOrEqual(40);
  expect(microseconds).toBe(10);
});

test("buffer sets take turns across rounds", () => {
  const { timing, run } = fakeTiming(() => 1000);
  const seen: number[] = [];
  const runSet = (set: number) => {
    seen.push(set);
    run();
  };
  measure(timing, runSet, 3, FULL);
  expect(seen.every((set, i) => set === i % 3)).toBe(true);
  expect(seen.length).toBe(1 + 4 + 5 * 4);
});

test("slow calls are made twice only", () => {
  const { timing, run, count } = fakeTiming(() => 200_000);
  expect(measure(timing, run, 1, FULL)).toEqual({ microseconds: 200_000, calls: 1 });
  expect(count()).toBe(2);
});
