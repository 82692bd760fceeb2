// What a model is made of, as data: sizes, weights and the few choices in which architectures differ. decoder.ts and encoder.ts
// compute it. An architecture's file writes its blueprint; nothing in it touches a backend.
import type { Activation } from "@octavo/core";
import type { ExpertsParameter, LinearParameter, TensorParameter } from "./parameters.js";
import type { RopeConfig } from "./rope-config.js";

/** A norm. Its weight has the normed size; [heads, size] where every head has one of its own. */
export interface NormSpec {
  /** "rms" (Zhang and Sennrich 2019) or "layer" (Ba et al. 2016). */
  readonly kind: "rms" | "layer";
  readonly weight: TensorParameter;
  /** Of a layer norm, where it has one. */
  readonly bias?: TensorParameter;
  readonly eps: number;
  /** Added to the weight: 1 in Gemma and Nemotron. Default 0. */
  readonly weightOffset?: number;
}

/** From token ids to the residual stream, [T, hidden]. */
export interface EmbeddingSpec {
  readonly table: TensorParameter;
  /** Factor of what is looked up. Default 1. */
  readonly scale?: number;
  /** Learned positions [positions, hidden], added; a token's row is its position plus `offset`. */
  readonly positions?: { readonly table: TensorParameter; readonly offset: number };
  /** Learned token types [types, hidden], added (BERT). Every token is of the first type. */
  readonly tokenTypes?: TensorParameter;
  /** Where the table is narrower than the residual stream (OPT 350m). */
  readonly project?: LinearParameter;
  /** Whether that comes last: positions, types and norm are as narrow as the table (ALBERT, ELECTRA). Default false. */
  readonly projectsLast?: boolean;
  /** Of the sum (Bloom, BERT). */
  readonly norm?: NormSpec;
}

/** Self-attention: over the paged cache, or of whole prompts. */
export interface AttentionSpec {
  readonly kind?: "heads";
  /** Whether a token sees those behind it, too: then a step has whole prompts, and nothing is cached. Default false. */
  readonly isBidirectional?: boolean;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  /** q, k and v stacked in this order, each head by head. */
  readonly qkv: LinearParameter;
  readonly output: LinearParameter;
  /** Values of q, k and v are brought between this and its negative, before anything else. Absent: they stay. */
  readonly clip?: number;
  /** Of queries and keys, before they turn: of each head, or of the whole projection, as the weight's size says. */
  readonly queryNorm?: NormSpec;
  readonly keyNorm?: NormSpec;
  /** Whether those two come after the turn (Hunyuan). Default false. */
  readonly normsTurned?: boolean;
  /** Of each head's values (Gemma 4). */
  readonly valueNorm?: NormSpec;
  /** The layer whose cached keys and values are read, where this one has none of its own: then `qkv` gives queries only (Gemma 4). */
  readonly cachedIn?: number;
  /** Which of the blueprint's `ropes` turns queries and keys. Absent: none. */
  readonly rope?: number;
  /** Factor of the scores. */
  readonly scale: number;
  /** A token sees itself and so many less one before it, and as many behind it where it sees those. Absent: all. */
  readonly window?: number;
  /** Scores become softcap * tanh(score / softcap). Absent: they stay. */
  readonly softcap?: number;
  /** float32 [numHeads]: a score of each head that takes part in the softmax and brings no value (gpt-oss). */
  readonly sinks?: TensorParameter;
  /** [numHeads] of ALiBi (Press et al. 2022): scores fall by slope times distance. */
  readonly slopes?: readonly number[];
}

/** Latent attention (DeepSeek-AI 2024), absorbed: see layers/latent-attention.ts. */
export interface LatentAttentionSpec {
  readonly kind: "latent";
  readonly numHeads: number;
  /** Width of the cached latent. */
  readonly latentDim: number;
  /** Of queries and of the key that all heads share: what turns, in halves. It comes first in a cached row. */
  readonly rotaryDim: number;
  /** The latent of queries, where they have one, then the shared key and the latent of keys and values: [features, hidden]. */
  readonly down: LinearParameter;
  /** Of the latent of queries; absent: queries are made of the hidden state itself. */
  readonly queryNorm?: NormSpec;
  readonly latentNorm: NormSpec;
  /** The parts of queries that do not turn, head by head. */
  readonly query: LinearParameter;
  /** The parts that turn: of each head [rotaryDim, features]. */
  readonly turningQuery: ExpertsParameter;
  /** Of each head [latentDim, features of its part of `query`]. */
  readonly queryToLatent: ExpertsParameter;
  /** Of each head [width of its values, latentDim]. */
  readonly latentToValue: ExpertsParameter;
  readonly output: LinearParameter;
  /** Which of the blueprint's `ropes` turns them. */
  readonly rope: number;
  /** Factor of the scores. */
  readonly scale: number;
}

/** down(f(gate(x)) * up(x)) (Shazeer 2020). */
export interface GatedMlpSpec {
  readonly kind: "gated";
  readonly activation: Activation | "swiglu_oai";
  /** gate and up, stacked. */
  readonly gateUp: LinearParameter;
  readonly down: LinearParameter;
}

/** down(f(up(x))). */
export interface PlainMlpSpec {
  readonly kind: "plain";
  readonly activation: Activation;
  /** float32 [2]: xIELU by these takes the activation's place (Apertus). */
  readonly xielu?: TensorParameter;
  readonly up: LinearParameter;
  readonly down: LinearParameter;
}

/** A mixture of experts (Shazeer et al. 2017): each token goes through the few gated MLPs that a router picks. */
export interface ExpertsMlpSpec {
  readonly kind: "experts";
  readonly activation: Activation | "swiglu_oai";
  /** Experts a token goes through. */
  readonly numExpertsPerToken: number;
  /** How scores become weights, see `RoutingOptions` in @octavo/core. */
  readonly scoring: "softmax" | "sigmoid" | "softmax_topk";
  readonly renormalize: boolean;
  /** Factor of the weights. Default 1. */
  readonly scale?: number;
  /** float32 [experts], added to the scores for choosing only (DeepSeek V3). */
  readonly choiceBias?: TensorParameter;
  /** Choose among the experts of the best groups only (DeepSeek V3). */
  readonly groups?: { readonly count: number; readonly chosen: number };
  /** Of what the router reads, and of what experts read. Absent: x itself. */
  readonly routerNorm?: NormSpec;
  readonly inputNorm?: NormSpec;
  /** Factor of what the router gives. Default 1. */
  readonly scoreScale?: number;
  /** float32 [experts]: factor of what each gives, after `scale` (Gemma 4). Default: 1. */
  readonly expertScales?: TensorParameter;
  /** [experts, hidden] */
  readonly router: LinearParameter;
  readonly gateUp: ExpertsParameter;
  readonly down: ExpertsParameter;
  /** An MLP that every token goes through, added. */
  readonly shared?: GatedMlpSpec;
  /** [1, hidden]: the sigmoid of its product is a token's factor of what `shared` gives (Qwen2-MoE). Default: 1. */
  readonly sharedGate?: LinearParameter;
}

/** Several that read the same; what they give, normed, is added. */
export interface BranchedMlpSpec {
  readonly kind: "branched";
  readonly branches: readonly {
    readonly inputNorm?: NormSpec;
    readonly mlp: GatedMlpSpec | ExpertsMlpSpec;
    readonly outputNorm: NormSpec;
  }[];
}

export type MlpSpec = GatedMlpSpec | PlainMlpSpec | ExpertsMlpSpec | BranchedMlpSpec;

/** output(f(gate(stream)) * input), normed and added: input is the layer's share of {@link LayerInputsSpec}. */
export interface LayerInputSpec {
  readonly activation: Activation;
  /** [size, hidden] */
  readonly gate: LinearParameter;
  /** [hidden, size] */
  readonly output: LinearParameter;
  readonly norm: NormSpec;
}

/** Attention, then the MLP: each reads the (normed) residual stream and is added to it. */
export interface SequentialLayer {
  readonly kind: "sequential";
  /** What attention and MLP read. Absent: the stream itself. */
  readonly inputNorm?: NormSpec;
  /** Of the stream before attention, which goes on normed. */
  readonly inputStreamNorm?: NormSpec;
  readonly attention: AttentionSpec | LatentAttentionSpec;
  /** Of attention's output, before it is added. */
  readonly attentionOutputNorm?: NormSpec;
  /** Of the stream after attention, which goes on normed (OPT 350m). */
  readonly attentionStreamNorm?: NormSpec;
  readonly mlpNorm?: NormSpec;
  readonly mlp: MlpSpec;
  readonly mlpOutputNorm?: NormSpec;
  readonly mlpStreamNorm?: NormSpec;
  /** Behind the MLP. */
  readonly input?: LayerInputSpec;
  /** Factor of what all of them add. Default 1. */
  readonly outputScale?: number;
  /** float32 [1]: factor of the stream behind the layer. Absent: none. */
  readonly streamScale?: TensorParameter;
}

/** Attention and MLP read the same stream, and both are added (GPT-J, GPT-NeoX, Falcon). */
export interface ParallelLayer {
  readonly kind: "parallel";
  readonly inputNorm: NormSpec;
  readonly attention: AttentionSpec;
  /** What the MLP reads. Absent: what attention reads. */
  readonly mlpNorm?: NormSpec;
  readonly mlp: MlpSpec;
}

export type LayerSpec = SequentialLayer | ParallelLayer;

/** From the normed stream to logits. */
export interface HeadSpec {
  readonly linear: LinearParameter;
  /** To the table's width (OPT 350m). */
  readonly project?: LinearParameter;
  /** Of what that gives, and then a norm (ModernBERT's decoders). */
  readonly activation?: Activation;
  readonly norm?: NormSpec;
  /** Factor of the logits. Default 1. */
  readonly scale?: number;
  /** Logits become softcap * tanh(logit / softcap). Absent: they stay. */
  readonly softcap?: number;
}

/** (norm(project(embedded) * projectScale) + table[id] * tableScale) * scale: of each token a vector for every layer (Gemma 4). */
export interface LayerInputsSpec {
  /** Width of a layer's vector. */
  readonly size: number;
  /** [vocab, layers * size] */
  readonly table: TensorParameter;
  readonly tableScale: number;
  /** [layers * size, hidden] */
  readonly project: LinearParameter;
  readonly projectScale: number;
  /** Of each layer's vector. */
  readonly norm: NormSpec;
  readonly scale: number;
}

/** From token ids to hidden states. */
export interface StackBlueprint {
  readonly embedding: EmbeddingSpec;
  /** Needed by layers with an `input`. */
  readonly layerInputs?: LayerInputsSpec;
  readonly layers: readonly LayerSpec[];
  /** Of the stream behind the last layer. */
  readonly norm?: NormSpec;
  /** The rotary embeddings that layers name by index. Empty: none. */
  readonly ropes: readonly RopeConfig[];
}

/** A decoder-only model. */
export interface Blueprint extends StackBlueprint {
  readonly head: HeadSpec;
}

/** A model that ends with its hidden states; its layers see whole prompts. */
export interface EncoderBlueprint extends StackBlueprint {
  readonly head?: undefined;
}
