// GraniteMoeForCausalLM, GraniteMoeSharedForCausalLM and, where all layers attend, GraniteMoeHybridForCausalLM: Granite with experts, an
// MLP that every token goes through, or both (IBM 2024, 2025).
import type { Architecture } from "../architecture.js";
import type { MlpSpec } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { expertsMlp, mergedGatedMlp } from "../hf-modules.js";
import { linearParameter } from "../parameters.js";
import { type GraniteConfig, graniteBlueprint, readGraniteConfig } from "./granite.js";
import { type ExpertsConfig, MAX_EXPERTS } from "./mixtral.js";

const NAME = "GraniteMoeForCausalLM";
const HYBRID = "GraniteMoeHybridForCausalLM";

export interface GraniteMoeConfig extends Omit<GraniteConfig, "mlpBias">, ExpertsConfig {
  /** Width of the MLP that every token goes through; 0: there is none. */
  readonly sharedSize: number;
}

export const graniteMoe: Architecture<GraniteMoeConfig> = {
  name: NAME,
  aliases: ["GraniteMoeSharedForCausalLM", HYBRID],
  readConfig(reader: ConfigReader): GraniteMoeConfig {
    const isHybrid = (reader.raw("architectures") as unknown[]).includes(HYBRID);
    if (isHybrid) checkLayers(reader);
    const config = readGraniteConfig(reader, NAME);
    return {
      ...config,
      rope: isHybrid && reader.raw("position_embedding_type") !== "rope" ? null : config.rope,
      ...readGraniteExperts(reader),
    };
  },
  blueprint: (config) =>
    graniteBlueprint(config, {
      attention: () => ({ bias: config.attentionBias, rope: config.rope === null ? undefined : 0 }),
      mlp: (_, id) => graniteMlp(id, config),
    }),
};

export function readGraniteExperts(
  reader: ConfigReader,
): Pick<GraniteMoeConfig, "numExperts" | "numExpertsPerToken" | "sharedSize"> {
  const numExperts = reader.integer("num_local_experts", { fallback: 8, min: 0, max: MAX_EXPERTS });
  return {
    numExperts,
    numExpertsPerToken: reader.integer("num_experts_per_tok", { fallback: 2, min: 0, max: numExperts }),
    sharedSize: reader.integer("shared_intermediate_size", { fallback: 0, min: 0, max: 2 ** 20 }),
  };
}

/** Granite 4 may have Mamba layers, and has where the config does not say. */
function checkLayers(reader: ConfigReader): void {
  const types = reader.raw("layer_types");
  const attends = (type: unknown) => type === "attention" || type === "full_attention";
  if (!Array.isArray(types) || !types.every(attends)) reader.unsupported("layer_types", ["attention in every layer"]);
}

/** Of a layer's router and the tensors with all of its experts. */
export interface GraniteExpertNames {
  readonly router: string;
  readonly gateUp: string;
  readonly down: string;
}

const NAMES = { router: "router.layer", gateUp: "input_linear.weight", down: "output_linear.weight" };

export function graniteMlp(
  layer: string,
  config: GraniteMoeConfig,
  { router: routerName, gateUp, down }: GraniteExpertNames = NAMES,
): MlpSpec {
  const { hiddenSize, intermediateSize, numExperts, numExpertsPerToken, sharedSize } = config;
  const names = ["input_linear", "output_linear"].map((name) => `${layer}.shared_mlp.${name}`) as [string, string];
  const shared = mergedGatedMlp(...names, { ...config, intermediateSize: sharedSize });
  if (numExperts === 0) return shared;
  const id = `${layer}.block_sparse_moe`;
  const expert = (index: number) => {
    const stack = { index, count: numExperts };
    const linear = (name: string, from: number, to: number) =>
      linearParameter(`${id}.${index}.${name}`, from, [[`${id}.${name}`, to]], { stack });
    return {
      kind: "gated",
      activation: config.activation,
      gateUp: linear(gateUp, hiddenSize, 2 * intermediateSize),
      down: linear(down, intermediateSize, hiddenSize),
    } as const;
  };
  const router = linearParameter(`${id}.router`, hiddenSize, [[`${id}.${routerName}`, numExperts]]);
  return expertsMlp(router, numExperts, expert, {
    numExpertsPerToken,
    scoring: "softmax_topk",
    renormalize: false,
    shared: sharedSize > 0 ? shared : undefined,
  });
}
