// A mixture of experts as DeepSeek builds it (Dai et al. 2024): behind some dense layers, with experts that every token goes through beside
// those that are chosen, from the best groups of them.
import type { ExpertsMlpSpec } from "./blueprint.js";
import type { ConfigReader } from "./hf-config.js";
import { expertsMlp, gatedMlp } from "./hf-modules.js";
import type { ModelConfig } from "./model-config.js";
import { linearParameter } from "./parameters.js";

/** A bound on an untrusted count. */
const MAX_EXPERTS = 2 ** 12;

/** What does not depend on how scores are made. */
export interface SparseLayersConfig {
  readonly numExperts: number;
  readonly numExpertsPerToken: number;
  /** Width of an expert. */
  readonly expertSize: number;
  /** Experts that every token goes through, one MLP as wide as so many. */
  readonly numSharedExperts: number;
  /** Factor of the weights of chosen experts. */
  readonly routedScale: number;
  /** Absent: all experts are compared. */
  readonly groups?: { readonly count: number; readonly chosen: number } | undefined;
  /** For each layer, whether it has experts. */
  readonly isSparse: readonly boolean[];
  /** Layers behind the last one that draft further tokens (multi-token prediction). They are not read. */
  readonly numDraftLayers: number;
}

export interface SharedExpertsConfig extends SparseLayersConfig {
  readonly scoring: ExpertsMlpSpec["scoring"];
  readonly renormalizes: boolean;
  /** Whether a bias is added to the scores for choosing. */
  readonly hasChoiceBias: boolean;
}

/** What an architecture's configs mean where they leave fields out. */
export interface SparseDefaults {
  readonly numExperts: number;
  /** Default 8. */
  readonly numExpertsPerToken?: number;
  readonly denseLayers: number;
}

export function readSparseLayers(
  reader: ConfigReader,
  { numLayers }: Pick<ModelConfig, "numLayers">,
  defaults: SparseDefaults,
): SparseLayersConfig {
  const numExperts = reader.size("n_routed_experts", { fallback: defaults.numExperts, max: MAX_EXPERTS });
  const chosen = { fallback: defaults.numExpertsPerToken ?? 8, max: numExperts };
  const count = reader.size("n_group", { fallback: 1, max: numExperts });
  if (numExperts % count !== 0) reader.fail("n_group", `a divisor of n_routed_experts (${numExperts})`);
  const dense = reader.integer("first_k_dense_replace", { fallback: defaults.denseLayers, min: 0, max: MAX_EXPERTS });
  const step = reader.size("moe_layer_freq", { fallback: 1, max: MAX_EXPERTS });
  const groups = { count, chosen: reader.size("topk_group", { fallback: count, max: count }) };
  const numExpertsPerToken = reader.size("num_experts_per_tok", chosen);
  const reachable = (numExperts / count) * groups.chosen;
  if (numExpertsPerToken > reachable) {
    reader.fail("num_experts_per_tok", `at most the ${reachable} experts of ${groups.chosen} groups`);
  }
  return {
    numExperts,
    numExpertsPerToken,
    expertSize: reader.size("moe_intermediate_size", { max: 2 ** 20 }),
    numSharedExperts: reader.integer("n_shared_experts", { fallback: 0, min: 0, max: MAX_EXPERTS }),
    routedScale: reader.number("routed_scaling_factor", { fallback: 1, min: 0, aboveMin: true, max: 1e6 }),
    groups: count === 1 ? undefined : groups,
    isSparse:
      readMlpTypes(reader, numLayers) ?? Array.from({ length: numLayers }, (_, i) => i >= dense && i % step === 0),
    numDraftLayers: reader.integer("num_nextn_predict_layers", { fallback: 0, min: 0, max: MAX_EXPERTS }),
  };
}

/** `mlp_layer_types`: for each layer, whether it has experts; undefined where config.json does not say. */
export function readMlpTypes(reader: ConfigReader, numLayers: number): boolean[] | undefined {
  const types = reader.raw("mlp_layer_types");
  if (types === null) return undefined;
  const fits =
    Array.isArray(types) && types.length === numLayers && types.every((t) => t === "dense" || t === "sparse");
  if (!fits) reader.fail("mlp_layer_types", `a list of ${numLayers} names, each "dense" or "sparse"`);
  return (types as string[]).map((type) => type === "sparse");
}

/** As DeepSeek V3 routes: sigmoids, a bias for choosing, groups by their two best. */
export function readSigmoidRouting(
  reader: ConfigReader,
  config: Pick<ModelConfig, "numLayers">,
  defaults: SparseDefaults,
): SharedExpertsConfig {
  return {
    ...readSparseLayers(reader, config, defaults),
    scoring: "sigmoid",
    renormalizes: reader.boolean("norm_topk_prob", true),
    hasChoiceBias: true,
  };
}

/** `<id>.gate`, `experts`, `shared_experts` @param bias the checkpoint's name of what is added for choosing */
export function sharedExpertsMlp(
  id: string,
  config: ModelConfig & SharedExpertsConfig,
  bias = `${id}.gate.e_score_correction_bias`,
): ExpertsMlpSpec {
  const { hiddenSize, numExperts, expertSize, numSharedExperts, routedScale, groups } = config;
  const mlp = (name: string, count: number) =>
    gatedMlp(`${id}.${name}`, { ...config, intermediateSize: count * expertSize });
  const router = linearParameter(`${id}.gate`, hiddenSize, [[`${id}.gate`, numExperts]]);
  return expertsMlp(router, numExperts, (index) => mlp(`experts.${index}`, 1), {
    numExpertsPerToken: config.numExpertsPerToken,
    scoring: config.scoring,
    renormalize: config.renormalizes,
    scale: routedScale,
    choiceBias: config.hasChoiceBias
      ? { kind: "tensor", id: bias, name: bias, shape: [numExperts], dtype: "float32" }
      : undefined,
    groups,
    shared: numSharedExperts > 0 ? mlp("shared_experts", numSharedExperts) : undefined,
  });
}

/** Names of the tensors of layers that draft. */
export function isOfDraftLayer(name: string, { numLayers, numDraftLayers }: ModelConfig & SparseLayersConfig): boolean {
  const layer = Number(/^model\.layers\.(\d+)\./.exec(name)?.[1] ?? -1);
  return layer >= numLayers && layer < numLayers + numDraftLayers;
}
