// What steps cost, and what belongs to it, under a name or in a file.
import { readFileSync } from "node:fs";
import { OctavoError } from "@octavo/core";
import { parseCost, type StepCost } from "./step-cost.js";

/** An engine on a device: the cost of its steps, and sizes that flags may replace. */
export interface CostProfile {
  readonly cost: StepCost;
  readonly asyncScheduling: boolean;
  readonly blockSize: number;
  readonly kvCacheTokens: number;
  readonly maxModelLen: number;
}

/** By name. cost-profiles.test.ts fits each again to the measured steps in cost-profiles/. */
export const COST_PROFILES: Readonly<Record<string, CostProfile>> = {
  /**
   * The shape of Llama-3.1-8B in bfloat16 on an H200: the figures of docs/performance.md as steps. The cache holds what 92 % of its
   * memory leave beside 16 GB of weights, 131,072 bytes a token.
   */
  "h200-8b-bf16": {
    cost: {
      base: 0.0021861195391351365,
      token: 0.00002033070610719503,
      minTokens: 128,
      row: 6.293978330554732e-7,
      context: 4.3433819153113436e-8,
      pair: 1.3222632167454277e-9,
    },
    asyncScheduling: true,
    blockSize: 16,
    kvCacheTokens: 850_000,
    maxModelLen: 131072,
  },
  /**
   * Pocket in bfloat16 on one thread of an Intel Xeon with AVX-512, in CPU time: steps of a light load (every twentieth) and of one that
   * keeps 32 requests running, see docs/capacity-planning.md.
   */
  "cpu-pocket": {
    cost: {
      base: 0.0002972862797929549,
      token: 0.0001717206061374321,
      minTokens: 2,
      row: 0.00012245094997485867,
      context: 3.513320327653137e-7,
      pair: 7.542914894543803e-7,
    },
    asyncScheduling: false,
    blockSize: 16,
    kvCacheTokens: 65_520,
    maxModelLen: 2048,
  },
};

/** Of a cost that comes from a file. */
const DEFAULTS = { asyncScheduling: false, blockSize: 16, kvCacheTokens: 2 ** 17, maxModelLen: 131072 };

/** @param name of a built-in profile, or a file with the terms of a cost. @throws INVALID_ARGUMENT when it is neither */
export function loadProfile(name: string): CostProfile {
  if (Object.hasOwn(COST_PROFILES, name)) return COST_PROFILES[name]!;
  let text: string;
  try {
    text = readFileSync(name, "utf8");
  } catch (cause) {
    const message = `there is no cost "${name}" (there are ${Object.keys(COST_PROFILES).join(", ")}), and no such file can be read`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "cost", cause });
  }
  return { ...DEFAULTS, cost: parseCost(parseJson(text), name) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
