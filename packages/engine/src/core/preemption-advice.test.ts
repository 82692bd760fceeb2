import { expect, test } from "vitest";
import { PreemptionAdvice } from "./preemption-advice.js";

function createAdvice(hasShare = false) {
  const state = { now: 0, total: 0, warnings: [] as string[] };
  const advice = new PreemptionAdvice(
    () => state.now,
    hasShare,
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

test("the flags are those of the device", () => {
  const [host, gpu] = [createAdvice(false), createAdvice(true)];
  for (const { preempt } of [host, gpu]) preempt(10, 50);
  expect(host.state.warnings[0]).toContain("Raise --kv-cache-memory-bytes, or lower");
  expect(gpu.state.warnings[0]).toContain("Raise --gpu-memory-utilization or --kv-cache-memory-bytes, or lower");
});

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
