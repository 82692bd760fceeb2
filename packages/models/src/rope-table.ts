// Which frequencies a request's positions turn with. Cached keys keep the rotation that they were stored with, so the choice is
// made once a request, by its prompt, as transformers makes it when it computes the prompt.
import { fillRopeTable, ropeFrequencies } from "./rope.js";
import type { RopeConfig, RopeScaling } from "./rope-config.js";

export interface RopeTablePlan {
  /** [rows, rotaryDim] */
  readonly shape: readonly [number, number];
  /** Fills the whole table. */
  fill(table: Float32Array): void;
  /** The first row for a request with a prompt of this length. */
  ropeOffset(promptLength: number): number;
}

/**
 * One table of `maxModelLen` positions; for scalings that depend on length two, one after the other. In the first, for prompts
 * up to the trained length, positions beyond it turn as transformers turns them when a sequence grows there token by token. In
 * the second, for longer prompts, all positions have one set of frequencies: longrope's long ones, dynamic's for `maxModelLen`
 * (transformers takes the prompt's own length; a set for each length could not be tabulated).
 */
export function planRopeTable(config: RopeConfig, maxModelLen: number): RopeTablePlan {
  const { rotaryDim } = config;
  const trained = Math.min(trainedLength(config.scaling), maxModelLen);
  const size = maxModelLen * rotaryDim;
  if (trained === maxModelLen) {
    return {
      shape: [maxModelLen, rotaryDim],
      fill: (table) => fillRopeTable(table, ropeFrequencies(config, maxModelLen)),
      ropeOffset: () => 0,
    };
  }
  return {
    shape: [2 * maxModelLen, rotaryDim],
    fill(table) {
      fillRopeTable(table.subarray(0, trained * rotaryDim), ropeFrequencies(config, trained));
      for (let position = trained; position < maxModelLen; position++) {
        const row = table.subarray(position * rotaryDim, (position + 1) * rotaryDim);
        fillRopeTable(row, ropeFrequencies(config, position + 1), position);
      }
      fillRopeTable(table.subarray(size), ropeFrequencies(config, maxModelLen));
    },
    ropeOffset: (promptLength) => (promptLength <= trained ? 0 : maxModelLen),
  };
}

/** Up to this length frequencies do not depend on the sequence's. */
function trainedLength(scaling: RopeScaling): number {
  if (scaling.type === "dynamic") return scaling.trainedPositions;
  return scaling.type === "longrope" ? scaling.originalMaxPositions : Number.POSITIVE_INFINITY;
}
