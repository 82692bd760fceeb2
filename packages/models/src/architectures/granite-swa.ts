// GraniteSWAForCausalLM and GraniteMoeSWAForCausalLM: Granite with windows, sinks, and layers that rotate by bases of their own, or not at
// all (IBM 2026).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp, type SelfAttentionOptions } from "../hf-modules.js";
import type { RopeConfig } from "../rope-config.js";
import { readWindows } from "../windows.js";
import { type GraniteConfig, graniteBlueprint, readGraniteConfig } from "./granite.js";
import { type GraniteMoeConfig, graniteMlp, readGraniteExperts } from "./granite-moe.js";

const DENSE = "GraniteSWAForCausalLM";
const MOE = "GraniteMoeSWAForCausalLM";
const EXPERT_NAMES = { router: "router", gateUp: "experts.gate_up_proj", down: "experts.down_proj" };
const MAX_THETA = 1e12;

/** What Granites with windows add. */
interface SwaConfig {
  /** Every rotation that a layer has. */
  readonly ropes: readonly RopeConfig[];
  /** For each layer, its place among them; undefined: it does not rotate. */
  readonly layerRopes: readonly (number | undefined)[];
}

export const graniteSwa: Architecture<GraniteConfig & SwaConfig> = {
  name: DENSE,
  readConfig: (reader) => ({ ...readSwaConfig(reader, DENSE), mlpBias: reader.boolean("mlp_bias", false) }),
  blueprint: (config) => ({
    ...graniteBlueprint(config, {
      attention: (index, id) => swaAttention(index, id, config),
      mlp: (_, id) => gatedMlp(`${id}.mlp`, config, { bias: config.mlpBias }),
    }),
    ropes: config.ropes,
  }),
};

export const graniteMoeSwa: Architecture<GraniteMoeConfig & SwaConfig> = {
  name: MOE,
  readConfig: (reader) => ({ ...readSwaConfig(reader, MOE), ...readGraniteExperts(reader) }),
  blueprint: (config) => ({
    ...graniteBlueprint(config, {
      attention: (index, id) => swaAttention(index, id, config),
      mlp: (_, id) => graniteMlp(id, config, EXPERT_NAMES),
    }),
    ropes: config.ropes,
  }),
};

function readSwaConfig(reader: ConfigReader, architecture: string): Omit<GraniteConfig, "mlpBias"> & SwaConfig {
  const config = readGraniteConfig(reader, architecture);
  const { numLayers } = config;
  const rope = config.rope!;
  const given = reader.raw("layer_rope_theta") ?? Array.from({ length: numLayers }, () => rope.theta);
  const fits = (theta: unknown) => typeof theta === "number" && (theta === 0 || (theta > 1 && theta <= MAX_THETA));
  if (!Array.isArray(given) || given.length !== numLayers || !given.every(fits)) {
    return reader.fail("layer_rope_theta", `a list of ${numLayers} numbers, 0 or above 1`);
  }
  const thetas = [...new Set(given as number[])].filter((theta) => theta !== 0);
  return {
    ...config,
    windows: readWindows(reader, numLayers, { window: 128, slides: (index) => index % 4 !== 0 }),
    ropes: thetas.map((theta) => ({ ...rope, theta })),
    layerRopes: (given as number[]).map((theta) => (theta === 0 ? undefined : thetas.indexOf(theta))),
  };
}

function swaAttention(
  index: number,
  id: string,
  { numHeads, attentionBias, layerRopes }: Omit<GraniteConfig, "mlpBias"> & SwaConfig,
): SelfAttentionOptions {
  return {
    bias: attentionBias,
    rope: layerRopes[index],
    sinks: { kind: "tensor", id: `${id}.sinks`, name: `${id}.sinks`, shape: [numHeads], dtype: "float32" },
  };
}
