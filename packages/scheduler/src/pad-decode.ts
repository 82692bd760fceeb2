// Steps that only decode come in few sizes, so that each size can be a captured graph.
import type { StepPlan } from "@octavo/core";
import type { SchedulerConfig } from "./scheduler-config.js";

/** Pads `plan` to the next bucket, if each of its rows has one token and samples. */
export function padDecode(plan: StepPlan, { decodeBuckets, maxNumSeqs }: Required<SchedulerConfig>): void {
  const rows = plan.numRows;
  if (rows === 0 || rows !== plan.numTokens || rows !== plan.numSamples) return;
  for (const bucket of decodeBuckets) {
    if (bucket < rows) continue;
    plan.pad(bucket, maxNumSeqs);
    return;
  }
}
