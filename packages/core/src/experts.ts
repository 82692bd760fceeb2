// Layers with experts (Shazeer et al. 2017): each token is routed to k of E linear layers of one shape, and their outputs are summed
// with weights.
// T tokens, E experts, k experts of a token, H hidden.
import type { FloatDType } from "./dtype.js";
import { checkArgument } from "./errors.js";
import type { LinearWeight } from "./linear.js";
import type { Tensor } from "./tensor.js";

/** Experts that a layer may have: twice what the largest models have. Kernels keep one number for each where it is fastest. */
export const MOST_EXPERTS = 1024;

/** Which experts a token uses, and how much of each. Both contiguous. */
export interface Routing {
  /** int32 [T, k], ids in [0, E), the best first; those of a token differ */
  readonly experts: Tensor;
  /** float32 [T, k] */
  readonly weights: Tensor;
}

/**
 * How scores are made of logits. "softmax": over all experts (Mixtral, Qwen3-MoE). "sigmoid": each on its own (DeepSeek V3).
 * "softmax_topk": softmax over the k chosen logits (gpt-oss).
 */
export type RoutingScoring = "softmax" | "sigmoid" | "softmax_topk";

/** How a layer routes; made once for each layer. */
export interface RoutingOptions {
  /** From logits to scores. */
  readonly scoring: RoutingScoring;
  /** Whether a token's k weights are divided by their sum (transformers' norm_topk_prob). */
  readonly renormalize: boolean;
  /** Factor of the weights, at the end (routed_scaling_factor). Default 1. */
  readonly scale?: number;
  /** float32 [E], added to the scores for choosing only (e_score_correction_bias of DeepSeek V3). Default: none. */
  readonly bias?: Tensor;
  /** Groups of E / groups neighbouring experts (n_group). Default 1. */
  readonly groups?: number;
  /** Groups that a token may choose from (topk_group). Default: all. */
  readonly topGroups?: number;
}

/** Prepared linear layers of one shape, the experts of a layer. Only the backend that made it can use it. */
export interface ExpertWeights extends Disposable {
  /** E. */
  readonly count: number;
  /** Columns of x. */
  readonly inFeatures: number;
  /** Columns of out. */
  readonly outFeatures: number;
  /** Of the activations. */
  readonly dtype: FloatDType;
  /** Frees the table of the experts; their weights stay with whoever prepared them. */
  dispose(): void;
}

/** Routing to experts, their products, their sum. */
export interface ExpertOps {
  /**
   * The k experts of the largest scores for each token, the best first (ties: the lowest id), and their weights. s is softmax(logits),
   * sigmoid(logits), or the logits for "softmax_topk"; what is compared is s + bias. With groups only the experts of the topGroups best
   * groups are compared; a group is as good as its best expert, or with a bias as its two best together (DeepSeek V2 and V3). The weights
   * are s of the chosen experts ("softmax_topk": the softmax of their logits), divided by their sum with renormalize (0 stays 0), times
   * scale. NaN counts as -infinity; logits equal to an infinite largest one share the softmax.
   * @param routing written
   * @param logits [T, E], contiguous, any float dtype
   * @param options the scores, and what is done to them
   */
  routeExperts(routing: Routing, logits: Tensor, options: RoutingOptions): void;
  /**
   * out[t * k + j] = x[t] * weight[e]^T + bias[e] with e = routing.experts[t][j], and with x[t * k + j] where x has a row for each.
   * Dtypes and strides as those of linear. An expert's weights are read once for all of its rows, up to a kernel's tile of them. An id
   * outside of [0, E) is an error.
   * @param out [T * k, outFeatures]
   * @param x [T, inFeatures] or [T * k, inFeatures], may be strided over rows
   * @param experts of this backend
   * @param routing its experts are read
   */
  expertLinear(out: Tensor, x: Tensor, experts: ExpertWeights, routing: Routing): void;
  /**
   * out[t * E + e] = x[t * E + e] * weight[e]^T + bias[e]: every head of a token goes through a layer of its own (latent attention of
   * DeepSeek V2); x[t] where x has a row for each token alone. Otherwise as expertLinear.
   * @param out [T * E, outFeatures], may be strided over rows
   * @param x [T, inFeatures] or [T * E, inFeatures], may be strided over rows
   * @param heads of this backend
   */
  headLinear(out: Tensor, x: Tensor, heads: ExpertWeights): void;
  /** out[t] = sum over j, in order, of routing.weights[t][j] * x[t * k + j].  out: [T, H]; x: [T * k, H]; both contiguous; out may be x where k is 1 */
  combineExperts(out: Tensor, x: Tensor, routing: Routing): void;
}

/**
 * What `prepareExperts` takes, checked.
 * @throws INVALID_ARGUMENT unless there are 1 to {@link MOST_EXPERTS} layers of one shape and dtype
 */
export function checkExperts(weights: readonly LinearWeight[]): LinearWeight {
  const [first] = weights;
  checkArgument(
    first && weights.length <= MOST_EXPERTS,
    `a layer of ${weights.length} experts was asked for, 1 to ${MOST_EXPERTS} are possible`,
    "weights",
  );
  const { inFeatures, outFeatures, dtype } = first;
  for (const [index, other] of weights.entries()) {
    checkArgument(
      other.inFeatures === inFeatures && other.outFeatures === outFeatures && other.dtype === dtype,
      () =>
        `expert ${index} is ${other.dtype} [${other.outFeatures}, ${other.inFeatures}], the first is ${dtype} [${outFeatures}, ${inFeatures}]`,
      "weights",
    );
  }
  return first;
}
