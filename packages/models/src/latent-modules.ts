// Latent attention under the names that DeepSeek gives its modules. Keys and values of a head lie beside one another in one tensor of the
// checkpoint, and so do the parts of a query that turn and that do not: each is a slice.
import { MOST_EXPERTS } from "@octavo/core";
import type { LatentAttentionSpec } from "./blueprint.js";
import type { ConfigReader } from "./hf-config.js";
import { rmsNorm } from "./hf-modules.js";
import { type DecoderDefaults, type ModelConfig, readPlainConfig } from "./model-config.js";
import {
  type ExpertsParameter,
  expertsParameter,
  type LinearParameter,
  type LinearPartSpec,
  type LinearTraits,
} from "./parameters.js";
import { readRopeConfig, servedPositions } from "./rope-config.js";
import { splitRotaryPairs } from "./row-order.js";

/** Of the norms of latents, whatever `rms_norm_eps` says: DeepSeek's own code and transformers leave it at their default. */
const LATENT_EPS = 1e-6;
const MAX_WIDTH = 2 ** 16;

/** What a model with latent attention has in its config. Its `headDim` is that of a cached row. */
export interface LatentConfig extends ModelConfig {
  readonly attentionBias: boolean;
  /** Width of the latent of queries; null: they have none. */
  readonly queryRank: number | null;
  /** Width of the latent of keys and values. */
  readonly latentDim: number;
  /** Parts of a head's query and key that do not turn, and that do. */
  readonly stillDim: number;
  readonly rotaryDim: number;
  /** Width of a head's values. */
  readonly valueDim: number;
  /** Whether neighbouring dimensions turn together, instead of halves. */
  readonly isInterleaved: boolean;
  /** Whether keys and values of heads have tensors of their own (GGUF), each head's keys as [latentDim, stillDim]. */
  readonly splitsKeysAndValues: boolean;
  /** Factor of the scores. */
  readonly attentionScale: number;
}

export function readLatentConfig(reader: ConfigReader, architecture: string, defaults: DecoderDefaults): LatentConfig {
  const stillDim = reader.size("qk_nope_head_dim", { fallback: 128, max: MAX_WIDTH });
  const rotaryDim = reader.size("qk_rope_head_dim", { fallback: 64, max: MAX_WIDTH });
  const latentDim = reader.size("kv_lora_rank", { fallback: 512, max: MAX_WIDTH });
  const config = readPlainConfig(reader, architecture, { ...defaults, headDim: rotaryDim });
  if (rotaryDim % 2 !== 0) reader.fail("qk_rope_head_dim", "an even number");
  if (config.numHeads > MOST_EXPERTS)
    reader.fail("num_attention_heads", `at most ${MOST_EXPERTS}, each has layers of its own`);
  const rope = readRopeConfig(reader, rotaryDim, config.maxPositions, defaults.rope);
  return {
    ...config,
    rope,
    maxPositions: servedPositions(rope.scaling, config.maxPositions),
    numKvHeads: 1,
    headDim: rotaryDim + latentDim,
    valueInKey: { first: rotaryDim, size: latentDim },
    attentionBias: reader.boolean("attention_bias", false),
    queryRank: reader.has("q_lora_rank") ? reader.size("q_lora_rank", { max: MAX_WIDTH }) : null,
    latentDim,
    stillDim,
    rotaryDim,
    valueDim: reader.size("v_head_dim", { fallback: 128, max: MAX_WIDTH }),
    isInterleaved: reader.boolean("rope_interleave", true),
    splitsKeysAndValues: reader.boolean("has_split_kv_b", false),
    attentionScale: (stillDim + rotaryDim) ** -0.5 * yarnMagnitude(rope.scaling) ** 2,
  };
}

/** What YaRN sharpens the scores by, beside the factor of cos and sin: by `mscale_all_dim`, once for queries and once for keys. */
function yarnMagnitude(scaling: NonNullable<ModelConfig["rope"]>["scaling"]): number {
  if (scaling.type !== "yarn" || !scaling.mscaleAllDim || scaling.factor <= 1) return 1;
  return 0.1 * scaling.mscaleAllDim * Math.log(scaling.factor) + 1;
}

/** `<id>.q_proj`, or `q_a_proj` and `q_b_proj`; `kv_a_proj_with_mqa`, `kv_b_proj`, `o_proj`, and the norms between them. */
export function latentAttention(id: string, config: LatentConfig): LatentAttentionSpec {
  const { hiddenSize, numHeads, attentionBias: bias, queryRank, latentDim, stillDim, rotaryDim, valueDim } = config;
  const turning = config.isInterleaved ? { rows: splitRotaryPairs(rotaryDim, rotaryDim) } : {};
  const queryDim = stillDim + rotaryDim;
  const [queryName, features] = queryRank === null ? ["q_proj", hiddenSize] : ["q_b_proj", queryRank];
  const query = (head: number, skipped: number, size: number, traits: LinearTraits = {}) =>
    part(`${id}.${queryName}`, features, size, {
      slice: { first: head * queryDim + skipped, count: numHeads * queryDim },
      ...traits,
    });
  const latents = (first: number, size: number, traits: LinearTraits = {}) =>
    part(`${id}.kv_a_proj_with_mqa`, hiddenSize, size, {
      bias,
      slice: { first, count: latentDim + rotaryDim },
      ...traits,
    });
  const queryLatent = queryRank === null ? [] : [part(`${id}.q_a_proj`, hiddenSize, queryRank, { bias })];
  const heads = Array.from({ length: numHeads }, (_, head) => head);
  return {
    kind: "latent",
    numHeads,
    latentDim,
    rotaryDim,
    down: stacked(`${id}.down`, [...queryLatent, latents(latentDim, rotaryDim, turning), latents(0, latentDim)]),
    queryNorm: queryRank === null ? undefined : rmsNorm(`${id}.q_a_layernorm`, queryRank, LATENT_EPS),
    latentNorm: rmsNorm(`${id}.kv_a_layernorm`, latentDim, LATENT_EPS),
    query: stacked(
      `${id}.query`,
      heads.map((head) => query(head, 0, stillDim)),
    ),
    turningQuery: forHeads(
      `${id}.turning_query`,
      heads.map((head) => query(head, stillDim, rotaryDim, turning)),
    ),
    ...keysAndValues(id, config),
    output: stacked(`${id}.o_proj`, [part(`${id}.o_proj`, numHeads * valueDim, hiddenSize, { bias })]),
    rope: 0,
    scale: config.attentionScale,
  };
}

function keysAndValues(id: string, config: LatentConfig): Pick<LatentAttentionSpec, "queryToLatent" | "latentToValue"> {
  const { numHeads: count, latentDim, stillDim, valueDim, splitsKeysAndValues } = config;
  const rows = stillDim + valueDim;
  const keys = (head: number) =>
    splitsKeysAndValues
      ? part(`${id}.k_b_proj`, stillDim, latentDim, { stack: { index: head, count } })
      : part(`${id}.kv_b_proj`, stillDim, latentDim, {
          slice: { first: head * rows, count: count * rows },
          transposed: true,
        });
  const values = (head: number) =>
    splitsKeysAndValues
      ? part(`${id}.v_b_proj`, latentDim, valueDim, { stack: { index: head, count } })
      : part(`${id}.kv_b_proj`, latentDim, valueDim, {
          slice: { first: head * rows + stillDim, count: count * rows },
        });
  const heads = Array.from({ length: count }, (_, head) => head);
  return {
    queryToLatent: forHeads(`${id}.query_to_latent`, heads.map(keys)),
    latentToValue: forHeads(`${id}.latent_to_value`, heads.map(values)),
  };
}

function part(name: string, inFeatures: number, outFeatures: number, traits: LinearTraits): LinearPartSpec {
  return { name, inFeatures, outFeatures, bias: false, ...traits };
}

function stacked(id: string, parts: readonly LinearPartSpec[]): LinearParameter {
  return { kind: "linear", id, inFeatures: parts[0]!.inFeatures, parts };
}

/** A layer for each head. */
function forHeads(id: string, parts: readonly LinearPartSpec[]): ExpertsParameter {
  const layers = parts.map((own, head) => stacked(`${id}.${head}`, [own]));
  return expertsParameter(id, parts[0]!.inFeatures, layers);
}
