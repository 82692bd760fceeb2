// How a request's share of a step gets into the plan.
import { LAST_SAMPLED, type StepPlan } from "@octavo/core";
import type { Request } from "./request.js";

/** Tells the device the request's blocks from index `from` on; it knows those before. */
export function writeBlocks(plan: StepPlan, request: Request, from: number): void {
  const { sequence, row } = request;
  for (let i = from; i < sequence.numBlocks; i++) plan.addBlockWrite(row, i, sequence.block(i));
}

/** Adds the next `chunk` tokens. @returns whether the chunk reaches the request's target, so that it samples */
export function writeChunk(plan: StepPlan, request: Request, chunk: number): boolean {
  const { tokens, computed, length } = request;
  const end = computed + chunk;
  const samples = end === request.target;
  plan.addRow(request.row, computed, chunk, samples);
  const known = Math.min(end, length);
  for (let position = computed; position < known; position++) plan.addToken(tokens[position]!);
  // At most one is unknown: with more steps in flight than two, `update` must come first.
  if (end > known) plan.addToken(LAST_SAMPLED);
  return samples;
}
