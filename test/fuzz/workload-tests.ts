// Random workloads, and those worth keeping, on any device.
import type { EngineOptions } from "@octavo/engine";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkProperty } from "./check-property.js";
import { KEPT } from "./kept-workloads.js";
import { randomWorkload } from "./random-workload.js";
import { WorkloadChecker } from "./workload-checker.js";

/** Longer runs than the usual one are for people who wait. */
const TIMEOUT_MS = 24 * 3600_000;

/**
 * Registers the tests.
 * @param device options that hold for every engine; with them a request's tokens must depend on nothing but itself
 * @param runs random workloads by default
 */
export function workloadTests(device: EngineOptions, runs: number): void {
  let checker: WorkloadChecker;
  beforeAll(() => {
    checker = new WorkloadChecker(device);
  });
  afterAll(() => checker[Symbol.dispose]());

  test.each(KEPT)("%s", (_, workload) => checker.check(workload));

  test("every request gives what it gives alone, and every block comes free", { timeout: TIMEOUT_MS }, async () => {
    const check = checker.check.bind(checker);
    const checked = await checkProperty(randomWorkload, check, runs, "kept-workloads.ts");
    console.info("fuzz:", checker.met);
    // What hardly ever happens is not tested.
    for (const [name, count] of Object.entries(checked < runs ? {} : checker.met)) {
      expect(count, name).toBeGreaterThan(runs / 20);
    }
  });
}
