import { expect, test } from "vitest";
import { PreemptionAdvice } from "./preemption-advice.js";

function createAdvice() {
  const state = { now: 0, total: 0, warnings: [] as string[] };
  const advice = new PreemptionAdvice(
    () => state.now,
    (text) => state.warnings.push(text),
  );
  /** One preemption every `gap` ms. */
  const preempt = (count: number, gap: number) => {
    for (let i = 0; i < count; i++) {
      state.now += gap;
      advice.observe(++state.total);
      advice.observe(state.total);
    }
  };
  return { state, preempt };
}

test("rare preemptions are normal", () => {
  const { state, preempt } = createAdvice();
  preempt(200, 2000);
  expect(state.warnings).toEqual([]);
});

test("frequent ones bring one warning a minute, with the flags to change", () => {
  const { state, preempt } = createAdvice();
  preempt(100, 50);
  expect(state.warnings).toHaveLength(1);
  expect(state.warnings[0]).toMatch(/^the KV cache is too small .* 10 requests .* in 0\.5 s/);
  expect(state.warnings[0]).toContain("--kv-cache-memory-bytes");
  preempt(1000, 50);
  expect(state.warnings).toHaveLength(1);
  preempt(1000, 50);
  expect(state.warnings).toHaveLength(2);
});
