import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as core from "../index.js";

// A path in a variable, because the script is plain JavaScript outside of the type-checked sources.
const generator = "../../scripts/generate-step-plan-header.mjs";

test("the committed C++ header is what the generator writes", async () => {
  const { stepPlanHeader } = (await import(generator)) as { stepPlanHeader(module: typeof core): string };
  const committed = readFileSync(new URL("../../native/include/octavo/step_plan.h", import.meta.url), "utf8");
  expect(committed, "run: node packages/core/scripts/generate-step-plan-header.mjs").toBe(stepPlanHeader(core));
});
