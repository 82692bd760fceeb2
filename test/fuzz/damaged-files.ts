// What every test of damaged files shares: numbers that lie, and the bounds of an attempt to read one.
import { OctavoError } from "@octavo/core";
import { expect } from "vitest";

/** Numbers that sizes and counts lie with. */
export const LIES = [
  0n,
  1n,
  31n,
  2n ** 16n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 40n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Of processor time, several times what the slowest takes on an idle machine. */
const MAX_MS = 3000;
const MAX_BYTES = 64 * 2 ** 20;

/** How often files could be read, and how often they were refused. */
export interface Outcomes {
  used: number;
  refused: number;
}

/** @param use what is done with a damaged file; it may throw what Octavo throws for one, at once and without a large allocation */
export async function measured(seed: number, outcomes: Outcomes, use: () => unknown): Promise<void> {
  const before = process.memoryUsage().arrayBuffers;
  const start = process.cpuUsage(); // not the clock: other processes may hold the machine
  try {
    await use();
    outcomes.used++;
  } catch (error) {
    expect(OctavoError.isInstance(error), `seed ${seed}: ${(error as Error).stack}`).toBe(true);
    expect((error as OctavoError).code, `seed ${seed}`).toMatch(/CHECKPOINT|UNSUPPORTED/);
    outcomes.refused++;
  }
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000, `seed ${seed}`).toBeLessThan(MAX_MS);
  expect(process.memoryUsage().arrayBuffers - before, `seed ${seed}`).toBeLessThan(MAX_BYTES);
}
