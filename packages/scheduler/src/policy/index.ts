// The policies by name.
import { FairnessPolicy } from "./fairness.js";
import { FcfsPolicy } from "./fcfs.js";
import { PriorityPolicy } from "./priority.js";
import type { SchedulingPolicy } from "./scheduling-policy.js";

export const SCHEDULING_POLICIES = ["fcfs", "priority", "fairness"] as const;

export type SchedulingPolicyName = (typeof SCHEDULING_POLICIES)[number];

export function createPolicy(name: SchedulingPolicyName): SchedulingPolicy {
  if (name === "priority") return new PriorityPolicy();
  return name === "fairness" ? new FairnessPolicy() : new FcfsPolicy();
}
