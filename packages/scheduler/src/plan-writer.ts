// How a request's share of a step gets into the plan.
import { LAST_SAMPLED, type StepPlan } from "@octavo/core";
import type { KvSequence } from "@octavo/kv-cache";
import type { Request } from "./request.js";

/** Tells the device which of the request's blocks changed; it knows the others. */
export function writeChangedBlocks(plan: StepPlan, { sequence: { tables }, row }: Request): void {
  for (let group = 0; group < tables.length; group++) {
    const table = tables[group]!;
    writeBlocks(plan, table, row, group, table.firstChanged, table.endChanged);
  }
}

/** Tells the device the request's blocks; of its row it knows nothing. What no token sees any more is nobody's business. */
export function writeAllBlocks(plan: StepPlan, { sequence: { tables }, row }: Request): void {
  for (let group = 0; group < tables.length; group++) {
    const table = tables[group]!;
    writeBlocks(plan, table, row, group, table.firstHeld, table.numBlocks);
  }
}

function writeBlocks(plan: StepPlan, table: KvSequence, row: number, group: number, from: number, end: number): void {
  for (let i = from; i < end; i++) plan.addBlockWrite(row, i, table.block(i), group);
  table.forgetChanges();
}

/**
 * Adds the next `chunk` tokens, then its drafts.
 * @returns how many tokens are sampled: none unless the chunk reaches the request's target, else one and one for each draft
 */
export function writeChunk(plan: StepPlan, request: Request, chunk: number): number {
  const { tokens, computed, length, drafts } = request;
  const end = computed + chunk;
  const samples = end === request.target ? 1 + drafts : 0;
  plan.addRow(request.row, computed, chunk + drafts, samples);
  const known = Math.min(end, length);
  if (request.promptLogprobs >= 0 && request.scored < request.promptLength - 1) writeScoredPrompt(plan, request, known);
  else for (let position = computed; position < known; position++) plan.addToken(tokens[position]!);
  // At most one is unknown: with more steps in flight than two, `update` must come first.
  if (end > known) plan.addToken(LAST_SAMPLED);
  for (let i = 0; i < drafts; i++) plan.addToken(tokens[length + i]!);
  return samples;
}

/** The tokens up to `known`, asking for the logprobs of those that follow them in the prompt. */
function writeScoredPrompt(plan: StepPlan, request: Request, known: number): void {
  const { tokens, computed, promptLength, promptLogprobs } = request;
  for (let position = computed; position < known; position++) {
    plan.addToken(tokens[position]!);
    if (position < request.scored || position >= promptLength - 1) continue;
    plan.addPromptLogprob(tokens[position + 1]!, promptLogprobs);
    request.scored++;
  }
}
