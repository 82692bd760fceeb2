// Pieces of a blueprint under the names that transformers gives modules in most models.
import type {
  AttentionSpec,
  Blueprint,
  ExpertsMlpSpec,
  GatedMlpSpec,
  LayerSpec,
  NormSpec,
  PlainMlpSpec,
} from "./blueprint.js";
import type { ModelConfig } from "./model-config.js";
import {
  expertsParameter,
  type LinearParameter,
  type LinearTraits,
  linearParameter,
  tensorParameter,
} from "./parameters.js";

/** `<id>.weight` */
export function rmsNorm(id: string, size: number, eps: number, weightOffset?: number): NormSpec {
  return { kind: "rms", weight: tensorParameter(id, [size]), eps, weightOffset };
}

/** `<id>.weight`, `<id>.bias` */
export function layerNorm(
  id: string,
  size: number,
  eps: number,
  { bias = true, weightOffset }: { readonly bias?: boolean; readonly weightOffset?: number } = {},
): NormSpec {
  return {
    kind: "layer",
    weight: tensorParameter(id, [size]),
    bias: bias ? { kind: "tensor", id: `${id}.bias`, name: `${id}.bias`, shape: [size] } : undefined,
    eps,
    weightOffset,
  };
}

/** What {@link selfAttention} cannot take from the config. */
export interface SelfAttentionOptions extends Partial<AttentionSpec> {
  /** Whether q, k and v have biases. Default false. */
  readonly bias?: boolean;
  /** Whether the output has. Default: `bias`. */
  readonly outputBias?: boolean;
  /** Default "o_proj". */
  readonly outputName?: string;
  /** Of q and k. */
  readonly rows?: LinearTraits["rows"];
}

/** `<id>.q_proj`, `k_proj`, `v_proj`, `o_proj` of layer `index`; the blueprint's first rotary embedding, scale headDim^-0.5. */
export function selfAttention(
  id: string,
  index: number,
  config: ModelConfig,
  { bias = false, outputBias = bias, outputName = "o_proj", rows, ...options }: SelfAttentionOptions = {},
): AttentionSpec {
  const { hiddenSize, numHeads, numKvHeads, headDim } = config;
  const [queries, keys] = [numHeads * headDim, numKvHeads * headDim];
  const part = (name: string, outFeatures: number, traits: LinearTraits = {}) =>
    linearParameter("", hiddenSize, [[`${id}.${name}`, outFeatures]], { bias, ...traits }).parts;
  const turning = rows === undefined ? {} : { rows };
  return {
    numHeads,
    numKvHeads,
    headDim,
    qkv: {
      kind: "linear",
      id: `${id}.qkv_proj`,
      inFeatures: hiddenSize,
      parts: [...part("q_proj", queries, turning), ...part("k_proj", keys, turning), ...part("v_proj", keys)],
    },
    output: linearParameter(`${id}.o_proj`, queries, [[`${id}.${outputName}`, hiddenSize]], { bias: outputBias }),
    rope: 0,
    scale: headDim ** -0.5,
    window: config.windows[index] ?? undefined,
    ...options,
  };
}

/** What {@link mergedAttention} reads from one tensor. */
export interface MergedNames {
  /** q, k and v. */
  readonly qkv: string;
  readonly output: string;
}

/** Attention whose checkpoint has q, k and v in one projection. @param traits of both projections; `rows` of the merged one */
export function mergedAttention(
  { qkv, output }: MergedNames,
  index: number,
  config: ModelConfig,
  { rows, ...traits }: LinearTraits,
  options: Partial<AttentionSpec> = {},
): AttentionSpec {
  const { hiddenSize, numHeads, numKvHeads, headDim, windows } = config;
  const size = (numHeads + 2 * numKvHeads) * headDim;
  return {
    numHeads,
    numKvHeads,
    headDim,
    qkv: linearParameter(qkv, hiddenSize, [[qkv, size]], rows ? { ...traits, rows } : traits),
    output: linearParameter(output, numHeads * headDim, [[output, hiddenSize]], traits),
    scale: headDim ** -0.5,
    window: windows[index] ?? undefined,
    ...options,
  };
}

/** What an MLP takes from the config. */
type MlpConfig = Pick<ModelConfig, "hiddenSize" | "intermediateSize" | "activation">;

/** `<id>.gate_proj`, `up_proj`, `down_proj` */
export function gatedMlp(id: string, size: MlpConfig, traits: LinearTraits = {}): GatedMlpSpec {
  return splitGatedMlp(id, ["gate_proj", "up_proj", "down_proj"], size, traits);
}

/** The same under other names. @param names behind `<id>.`: gate, up, down */
export function splitGatedMlp(
  id: string,
  [gate, up, down]: readonly [gate: string, up: string, down: string],
  { hiddenSize, intermediateSize, activation }: MlpConfig,
  traits: LinearTraits = {},
): GatedMlpSpec {
  const parts = [
    [`${id}.${gate}`, intermediateSize],
    [`${id}.${up}`, intermediateSize],
  ] as const;
  return {
    kind: "gated",
    activation,
    gateUp: linearParameter(`${id}.gate_up_proj`, hiddenSize, parts, traits),
    down: linearParameter(`${id}.down_proj`, intermediateSize, [[`${id}.${down}`, hiddenSize]], traits),
  };
}

/** @param gateUp and @param down the checkpoint's names, of which the first has gate and up in one */
export function mergedGatedMlp(
  gateUp: string,
  down: string,
  { hiddenSize, intermediateSize, activation }: MlpConfig,
  traits: LinearTraits = {},
): GatedMlpSpec {
  return {
    kind: "gated",
    activation,
    gateUp: linearParameter(gateUp, hiddenSize, [[gateUp, 2 * intermediateSize]], traits),
    down: linearParameter(down, intermediateSize, [[down, hiddenSize]], traits),
  };
}

/** What a mixture of experts has beside its experts. */
export type RouterOptions = Pick<
  ExpertsMlpSpec,
  "numExpertsPerToken" | "scoring" | "renormalize" | "scale" | "choiceBias" | "groups" | "shared" | "sharedGate"
>;

/**
 * Experts that are gated MLPs of their own tensors.
 * @param router the checkpoint's name
 * @param expert makes the MLP of one expert
 */
export function expertsMlp(
  router: LinearParameter,
  numExperts: number,
  expert: (index: number) => GatedMlpSpec,
  options: RouterOptions,
): ExpertsMlpSpec {
  const experts = Array.from({ length: numExperts }, (_, index) => expert(index));
  const [{ activation, gateUp, down }] = experts as [GatedMlpSpec];
  return {
    kind: "experts",
    activation,
    router,
    gateUp: expertsParameter(
      `${router.id}.experts.gate_up_proj`,
      gateUp.inFeatures,
      experts.map((mlp) => mlp.gateUp),
    ),
    down: expertsParameter(
      `${router.id}.experts.down_proj`,
      down.inFeatures,
      experts.map((mlp) => mlp.down),
    ),
    ...options,
  };
}

/** Sizes of {@link gatedExperts}. */
export interface ExpertsSizes {
  readonly hiddenSize: number;
  readonly numExperts: number;
  /** Width of an expert. */
  readonly expertSize: number;
  readonly activation: ModelConfig["activation"];
}

/** `<id>.gate` routes to `<id>.experts.<number>`, gated MLPs. */
export function gatedExperts(
  id: string,
  { hiddenSize, numExperts, expertSize, activation }: ExpertsSizes,
  options: RouterOptions,
): ExpertsMlpSpec {
  const router = linearParameter(`${id}.gate`, hiddenSize, [[`${id}.gate`, numExperts]]);
  const size = { hiddenSize, intermediateSize: expertSize, activation };
  return expertsMlp(router, numExperts, (index) => gatedMlp(`${id}.experts.${index}`, size), options);
}

/** @param up and @param down the checkpoint's names */
export function plainMlp(
  up: string,
  down: string,
  { hiddenSize, intermediateSize, activation }: MlpConfig,
  traits: LinearTraits = { bias: true },
): PlainMlpSpec {
  return {
    kind: "plain",
    activation,
    up: linearParameter(up, hiddenSize, [[up, intermediateSize]], traits),
    down: linearParameter(down, intermediateSize, [[down, hiddenSize]], traits),
  };
}

/** What {@link decoderBlueprint} takes from most models. */
export interface DecoderNames {
  /** Default "model.embed_tokens". */
  readonly embedding?: string;
  /** A layer's modules begin with it and the layer's number. Default "model.layers". */
  readonly layers?: string;
  /** Default "lm_head". */
  readonly head?: string;
  readonly headBias?: boolean;
}

/**
 * A blueprint: a plain embedding, a head that is tied to it where the config says so, the config's rotary embedding.
 * @param layer makes layer `index`, whose modules' names begin with `id`
 */
export function decoderBlueprint(
  config: ModelConfig,
  norm: NormSpec | undefined,
  layer: (index: number, id: string) => LayerSpec,
  { embedding = "model.embed_tokens", layers = "model.layers", head = "lm_head", headBias = false }: DecoderNames = {},
): Blueprint {
  const { vocabSize, hiddenSize, numLayers, tieWordEmbeddings, rope } = config;
  const source = tieWordEmbeddings ? embedding : head;
  return {
    embedding: { table: tensorParameter(embedding, [vocabSize, hiddenSize]) },
    layers: Array.from({ length: numLayers }, (_, index) => layer(index, `${layers}.${index}`)),
    norm,
    head: {
      linear: linearParameter(head, hiddenSize, [[source, vocabSize]], { bias: headBias, biasName: `${head}.bias` }),
    },
    ropes: rope === null ? [] : [rope],
  };
}
