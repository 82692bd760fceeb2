// What a step costs in seconds: a sum of its work, each part at its price.
import { checkArgument, OctavoError } from "@octavo/core";
import type { StepWork } from "../../step-work.js";

/** Seconds, but for `minTokens`. No term is negative. */
export interface StepCost {
  /** Of every step: launches, weights that are read whole, bookkeeping. */
  readonly base: number;
  /** A token: what matrix multiplications compute. */
  readonly token: number;
  /** Tokens, not seconds: fewer cost as much as so many, because reading the weights takes as long. */
  readonly minTokens: number;
  /** A row: sampling, and what else is done once a request. */
  readonly row: number;
  /** A token of context, once a row: keys and values that are read. */
  readonly context: number;
  /** A pair of tokens of which one attends to the other: what attention computes. */
  readonly pair: number;
}

/** The terms, in the order in which they are shown. */
export const COST_TERMS = [
  "base",
  "token",
  "minTokens",
  "row",
  "context",
  "pair",
] as const satisfies readonly (keyof StepCost)[];

/** Seconds that a step of this work takes. */
export function stepSeconds(cost: StepCost, work: StepWork): number {
  return (
    cost.base +
    cost.token * Math.max(work.tokens, cost.minTokens) +
    cost.row * work.rows +
    cost.context * work.context +
    cost.pair * work.pairs
  );
}

/** A cost that was read from a file. Terms that are missing are 0. @throws INVALID_ARGUMENT for anything else */
export function parseCost(value: unknown, source: string): StepCost {
  const refuse = (problem: string): OctavoError =>
    new OctavoError({
      code: "INVALID_ARGUMENT",
      message: `${source}: ${problem}; expected numbers for ${COST_TERMS.join(", ")}`,
      param: "cost",
    });
  if (typeof value !== "object" || value === null) throw refuse("no JSON object");
  for (const [name, seconds] of Object.entries(value)) {
    if (!(COST_TERMS as readonly string[]).includes(name)) throw refuse(`there is no term "${name}"`);
    if (!(typeof seconds === "number" && Number.isFinite(seconds) && seconds >= 0)) {
      throw refuse(`${name} is ${JSON.stringify(seconds)}`);
    }
  }
  const cost = { base: 0, token: 0, minTokens: 0, row: 0, context: 0, pair: 0, ...value };
  // Steps without duration would let virtual time stand still.
  checkArgument(cost.base + cost.token + cost.row + cost.context + cost.pair > 0, `${source}: every term is 0`, "cost");
  return cost;
}
