// Which frequencies a request's positions turn with. Cached keys keep the rotation that they were stored with, so the choice is
// made once a request, by its prompt, as transformers makes it when it computes the prompt.
import { OctavoError } from "@octavo/core";
import { fillRopeTable, ropeFrequencies } from "./rope.js";
import type { RopeConfig, RopeScaling } from "./rope-config.js";

export interface RopeTable {
  /** [rows, rotaryDim] */
  readonly shape: readonly [number, number];
  /** Fills the whole table. */
  fill(table: Float32Array): void;
}

export interface RopeTablePlan extends RopeTable {
  /** The first row for a request with a prompt of this length. */
  ropeOffset(promptLength: number): number;
}

/** The tables of a model whose layers rotate in different ways. Their rows stand for the same positions. */
export interface RopeTablesPlan {
  readonly tables: readonly RopeTable[];
  /** The first row, in every table, for a request with a prompt of this length. */
  ropeOffset(promptLength: number): number;
}

/** @throws UNSUPPORTED for two kinds whose frequencies change at different lengths */
export function planRopeTables(configs: readonly RopeConfig[], maxModelLen: number): RopeTablesPlan {
  const plans = configs.map((config) => planRopeTable(config, maxModelLen));
  const twofold = plans.filter(({ shape }) => shape[0] > maxModelLen);
  const [first] = twofold;
  if (first === undefined) return { tables: plans, ropeOffset: () => 0 };
  const lengths = new Set(
    configs.map(({ scaling }) => trainedLength(scaling)).filter((length) => length < maxModelLen),
  );
  if (lengths.size > 1) {
    const message = `layers whose rope scaling changes at different lengths (${[...lengths].join(", ")}) are not supported`;
    throw new OctavoError({ code: "UNSUPPORTED", message, param: "rope_scaling" });
  }
  const tables = plans.map((plan) => (plan.shape[0] > maxModelLen ? plan : twice(plan)));
  return { tables, ropeOffset: first.ropeOffset };
}

/** The table two times, one copy behind the other. */
function twice({ shape: [rows, rotaryDim], fill }: RopeTable): RopeTable {
  return {
    shape: [2 * rows, rotaryDim],
    fill(table) {
      fill(table.subarray(0, rows * rotaryDim));
      table.copyWithin(rows * rotaryDim, 0, rows * rotaryDim);
    },
  };
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
