// Built-in costs are what their measured steps give, not numbers that somebody typed.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { fitCost } from "./fit.js";
import { COST_PROFILES, loadProfile } from "./profiles.js";
import { readSteps } from "./read-steps.js";
import { COST_TERMS } from "./step-cost.js";

test.each(Object.keys(COST_PROFILES))("%s", async (name) => {
  const file = fileURLToPath(new URL(`../../../cost-profiles/${name}.jsonl`, import.meta.url));
  const { cost } = fitCost(await readSteps(file));
  for (const term of COST_TERMS) {
    const builtIn = COST_PROFILES[name]!.cost[term];
    expect(Math.abs(cost[term] - builtIn), term).toBeLessThanOrEqual(1e-3 * builtIn);
  }
});

test("a cost that does not exist is an error that lists those that do", () => {
  expect(() => loadProfile("h300")).toThrow(/no cost "h300" \(there are h200-8b-bf16/);
});
