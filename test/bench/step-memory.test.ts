// Steps and requests leave nothing behind. The committed figures of a million steps are in docs/performance.md.
import { expect, test } from "vitest";
import { heldMemory } from "../../apps/bench/src/held-memory.js";
import { NullLoad } from "../../apps/bench/src/null-load.js";

const WARMUP_STEPS = 4_000;
const STEPS = 10_000;
/** The least that an object which is kept for every step takes, with its place in an array; without a leak it is below 5. */
const MOST_BYTES_A_STEP = 16;

const held = () => {
  const { heap, buffers } = heldMemory();
  return heap + buffers;
};

test.each([
  ["one step in flight, short requests", { requests: 4, outputTokens: 8 }],
  ["two steps in flight", { requests: 4, outputTokens: 400, asyncScheduling: true }],
])("memory stays flat, %s", async (_, options) => {
  using load = await NullLoad.start(options);
  for (let i = 0; i < WARMUP_STEPS; i++) load.step();
  const before = held();
  for (let i = 0; i < STEPS; i++) load.step();
  const growth = (held() - before) / STEPS;
  console.info(`${growth.toFixed(3)} bytes a step, ${load.numRequests} requests`);
  expect(growth).toBeLessThan(MOST_BYTES_A_STEP);
});
