// The rotary embedding's settings, read from both dialects of config.json: transformers 4 (`rope_theta`, `rope_scaling` with
// `rope_type` or `type`) and transformers 5 (`rope_parameters`). Defaults are those of transformers 5.
import type { ConfigReader, NumberRange } from "./hf-config.js";

/** How frequencies are stretched past the length trained at. Lengths count positions. */
export type RopeScaling =
  | { readonly type: "default" }
  | { readonly type: "linear"; readonly factor: number }
  /** The leading `turningDim` of the dimensions turn, as slowly as among all of them; the others do not (Gemma 4). */
  | { readonly type: "proportional"; readonly factor: number; readonly turningDim: number }
  | { readonly type: "dynamic"; readonly factor: number; readonly trainedPositions: number }
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalMaxPositions: number;
    }
  | {
      readonly type: "yarn";
      readonly factor: number;
      readonly originalMaxPositions: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Whether the corrected range is rounded outwards to whole dimensions. */
      readonly truncate: boolean;
      /** Factor of cos and sin; derived from `factor` and the mscales when absent. */
      readonly attentionFactor?: number;
      readonly mscale?: number;
      readonly mscaleAllDim?: number;
    }
  | {
      readonly type: "longrope";
      readonly factor: number;
      readonly originalMaxPositions: number;
      /** One divisor for each frequency, up to `originalMaxPositions` */
      readonly shortFactor: readonly number[];
      /** The same beyond it. */
      readonly longFactor: readonly number[];
      readonly attentionFactor?: number;
    };

/** The rotary embedding of a model. */
export interface RopeConfig {
  /** Base of the frequencies. */
  readonly theta: number;
  /** Leading dimensions of a head that rotate; even, at most headDim. */
  readonly rotaryDim: number;
  /** How it is stretched for long texts. */
  readonly scaling: RopeScaling;
}

const TYPES: readonly RopeScaling["type"][] = [
  "default",
  "linear",
  "dynamic",
  "llama3",
  "yarn",
  "longrope",
  "proportional",
];
/** Other names; mrope gives images positions of their own, and text those of every model. */
const SAME: ReadonlyMap<string, RopeScaling["type"]> = new Map([
  ["su", "longrope"],
  ["mrope", "default"],
]);
/** A bound on untrusted sizes, above every model there is. */
export const MAX_POSITIONS = 2 ** 24;
const FACTOR = { min: 0, aboveMin: true, max: 1e6 } as const;

/** What an architecture's configs mean where they leave fields out. */
export interface RopeDefaults {
  /** Base of the frequencies. Default 10000. */
  readonly theta?: number;
  /** The part of a head that rotates. Default 1. */
  readonly rotaryShare?: number;
  /** The section with the settings; null: there is none. Default: `rope_scaling`, else `rope_parameters`. */
  readonly section?: ConfigReader | null;
}

/**
 * @param config config.json's top level
 * @param maxPositions `max_position_embeddings`
 * @throws CHECKPOINT for damaged fields, UNSUPPORTED for another type of scaling
 */
export function readRopeConfig(
  config: ConfigReader,
  headDim: number,
  maxPositions: number,
  { theta: usualTheta = 10000, rotaryShare = 1, section: given }: RopeDefaults = {},
): RopeConfig {
  const found = config.object("rope_scaling") ?? config.object("rope_parameters") ?? null;
  const nested = given === undefined ? found : given;
  const section = nested ?? config;
  for (const key of nested?.keys() ?? []) {
    // Frequencies by layer type (Gemma): read as flat they would silently mean the defaults.
    const value = section.raw(key);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      section.unsupported(key, ["one setting for all layers"]);
  }
  const theta = owner("rope_theta").number("rope_theta", { fallback: usualTheta, min: 1, aboveMin: true, max: 1e12 });
  const share = owner("partial_rotary_factor").number("partial_rotary_factor", {
    fallback: rotaryShare,
    min: 0,
    aboveMin: true,
    max: 1,
  });
  const rotaryDim = nested?.raw("rope_type") === "proportional" ? headDim : Math.floor(headDim * share);
  if (rotaryDim < 2 || rotaryDim % 2 !== 0) {
    const name = share === 1 ? "head_dim" : "partial_rotary_factor";
    (share === 1 ? config : owner(name)).fail(
      name,
      `an even number of rotating dimensions (found ${rotaryDim} of ${headDim})`,
    );
  }
  return {
    theta,
    rotaryDim,
    scaling: nested ? readScaling(config, nested, { rotaryDim, share, maxPositions }) : { type: "default" },
  };

  function owner(name: string): ConfigReader {
    return nested?.has(name) ? nested : config;
  }
}

/** The rotary embeddings of a model whose layers with a window have one of their own. */
export interface LayerRopes {
  /** Of layers that see all. */
  readonly rope: RopeConfig;
  /** Of layers with a window. */
  readonly localRope: RopeConfig;
}

/**
 * By layer type in transformers 5's `rope_parameters`; in 4's `rope_theta` and `rope_scaling` of layers that see all, and
 * `rope_local_base_freq` of the others, which nothing scales.
 * @param theta of layers that see all @param localTheta of those with a window; where config.json leaves them out
 */
export function readLayerRopes(
  reader: ConfigReader,
  headDim: number,
  maxPositions: number,
  { theta, localTheta }: { readonly theta: number; readonly localTheta?: number },
): LayerRopes {
  const kinds = reader.object("rope_parameters");
  const local = reader.renamed({ rope_theta: "rope_local_base_freq" });
  const localKind = kinds?.object("sliding_attention") ?? null;
  const localRope = readRopeConfig(local, headDim, maxPositions, { theta, section: localKind });
  const saysLocal = localKind?.has("rope_theta") || reader.has("rope_local_base_freq");
  return {
    rope: readRopeConfig(reader, headDim, maxPositions, {
      theta,
      section: kinds?.object("full_attention") ?? reader.object("rope_scaling") ?? null,
    }),
    // rope_theta is of the other layers, where these have a usual one of their own.
    localRope: saysLocal || localTheta === undefined ? localRope : { ...localRope, theta: localTheta },
  };
}

function readScaling(
  config: ConfigReader,
  section: ConfigReader,
  { rotaryDim, share, maxPositions }: { rotaryDim: number; share: number; maxPositions: number },
): RopeScaling {
  const typeField = section.has("rope_type") || !section.has("type") ? "rope_type" : "type";
  const named = section.string(typeField, "default");
  const type = SAME.get(named) ?? TYPES.find((known) => known === named);
  if (type === undefined || type === "default") return type ? { type } : section.unsupported(typeField, TYPES);

  // Beside the section (Phi-3) it goes before the one inside.
  const holder = config.has("original_max_position_embeddings") ? config : section;
  const originalMaxPositions = holder.integer("original_max_position_embeddings", {
    fallback: maxPositions,
    min: 2,
    max: MAX_POSITIONS,
  });
  const optional = (name: string, range: NumberRange = FACTOR) =>
    section.has(name) ? section.number(name, range) : undefined;
  switch (type) {
    case "linear":
      return { type, factor: section.number("factor", FACTOR) };
    case "proportional":
      return { type, factor: optional("factor") ?? 1, turningDim: 2 * Math.floor((share * rotaryDim) / 2) };
    case "dynamic":
      if (rotaryDim < 4)
        config.fail("head_dim", `at least 4 rotating dimensions for rope_type "dynamic" (found ${rotaryDim})`);
      return {
        type,
        factor: section.number("factor", { ...FACTOR, min: 1, aboveMin: false }),
        trainedPositions: maxPositions,
      };
    case "llama3": {
      const lowFreqFactor = section.number("low_freq_factor", FACTOR);
      const highFreqFactor = section.number("high_freq_factor", { ...FACTOR, min: lowFreqFactor });
      return { type, factor: section.number("factor", FACTOR), lowFreqFactor, highFreqFactor, originalMaxPositions };
    }
    case "yarn":
      return {
        type,
        factor: optional("factor") ?? maxPositions / originalMaxPositions,
        originalMaxPositions,
        betaFast: optional("beta_fast") ?? 32,
        betaSlow: optional("beta_slow") ?? 1,
        truncate: section.boolean("truncate", true),
        attentionFactor: optional("attention_factor"),
        mscale: optional("mscale", { min: 0, max: 1e6 }),
        mscaleAllDim: optional("mscale_all_dim", { min: 0, max: 1e6 }),
      };
    case "longrope":
      return {
        type,
        factor: optional("factor") ?? maxPositions / originalMaxPositions,
        originalMaxPositions,
        shortFactor: section.factors("short_factor", rotaryDim / 2),
        longFactor: section.factors("long_factor", rotaryDim / 2),
        attentionFactor: optional("attention_factor"),
      };
  }
}

/**
 * Positions that a model can serve: `max_position_embeddings`, but where that is the length trained at and scaling reaches
 * past it (linear, dynamic, yarn), the scaled length, as vLLM derives max_model_len.
 */
export function servedPositions(scaling: RopeScaling, maxPositions: number): number {
  switch (scaling.type) {
    case "linear":
    case "dynamic":
      return Math.min(MAX_POSITIONS, Math.max(1, Math.floor(maxPositions * scaling.factor)));
    case "yarn":
      return Math.min(MAX_POSITIONS, Math.max(1, Math.floor(scaling.originalMaxPositions * scaling.factor)));
    default:
      return maxPositions;
  }
}
