// The operations that a backend implements. Every op writes into its destination argument (first), allocates nothing and
// returns nothing; it is enqueued on the backend's stream. Float tensors of one call share a dtype (float32, float16 or
// bfloat16) unless a comment says otherwise; sums run in float32. A row's result never depends on the other rows
// (on a GPU: where batch invariance is asked for).
// T tokens, R rows (requests), S samples, H hidden, V vocabulary, D head size.
import type { Batch } from "./batch.js";
import type { ExpertOps } from "./experts.js";
import type { LinearWeight } from "./linear.js";
import type { Tensor } from "./tensor.js";

/** What comes before every other op of a step. */
export interface BatchOps {
  /**
   * Applies the uploaded plan: writes row inits, block table changes and records into `batch.tables`, in this order, then expands
   * inputIds, positions and slots. A token of -1 becomes the row's last sampled token, which rows with RowFlags.history count.
   */
  prepareBatch(batch: Batch): void;
}

/** Copies of rows. */
export interface EmbeddingOps {
  /** out[t] = table[ids[t]].  out: [T, H]; table: [V, H]; ids: int32 [>= T]. Ids outside of [0, V) give zeros. */
  embedding(out: Tensor, table: Tensor, ids: Tensor): void;
  /** out[s] = x[indices[s]].  out: [S, H]; x: [T, H]; indices: int32 [>= S] */
  gatherRows(out: Tensor, x: Tensor, indices: Tensor): void;
  /**
   * out[t] += table[ids[t] + offset]: learned positions (OPT's begin at row 2) and token types.
   * out: [T, H]; table: [V, H]; ids: int32 [>= T]. What lies outside of [0, V) adds nothing.
   */
  addEmbedding(out: Tensor, table: Tensor, ids: Tensor, offset: number): void;
}

/** Norms of rows: whole hidden states, or each head of them. */
export interface NormOps {
  /**
   * out[t] = x[t] / sqrt(mean(x[t]^2) + eps) * (weightOffset + weight) (Zhang and Sennrich 2019).
   * @param out [T, H], or [T, N, H] whose heads are normed each by itself; may be strided over T; may be x itself
   * @param x as out
   * @param weight [H], or [N, H]: one for each head
   * @param weightOffset default 0; 1 where checkpoints hold weights around 0 (Gemma)
   */
  rmsNorm(out: Tensor, x: Tensor, weight: Tensor, eps: number, weightOffset?: number): void;
  /** residual += x (rounded to its dtype), then out = rmsNorm(residual).  out, residual, x: [T, H]; weight: [H]; out may be x */
  addRmsNorm(out: Tensor, residual: Tensor, x: Tensor, weight: Tensor, eps: number, weightOffset?: number): void;
  /**
   * out[t] = (x[t] - mean(x[t])) / sqrt(mean((x[t] - mean(x[t]))^2) + eps) * (weightOffset + weight) + bias (Ba et al. 2016).
   * Shapes as in rmsNorm.
   * @param bias as weight; undefined adds nothing
   * @param weightOffset default 0; 1 where checkpoints hold weights around 0 (Nemotron)
   */
  layerNorm(out: Tensor, x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number, weightOffset?: number): void;
  /** residual += x (rounded to its dtype), then out = layerNorm(residual).  out, residual, x: [T, H]; weight, bias: [H]; out may be x */
  addLayerNorm(
    out: Tensor,
    residual: Tensor,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | undefined,
    eps: number,
    weightOffset?: number,
  ): void;
}

/** One number after the other, in place. */
export interface ElementOps {
  /** out += x.  out, x: [T, H] */
  add(out: Tensor, x: Tensor): void;
  /** x *= factor, in float32.  x: [T, H] */
  scale(x: Tensor, factor: number): void;
  /** x = min(max(x, -limit), limit), NaN stays (clip_qkv of MPT and OLMo).  x: [T, H]; limit: above 0 */
  clamp(x: Tensor, limit: number): void;
  /**
   * z > 0 ? p * z^2 + z / 2 : n * (e^z - 1 - z) + z / 2 of each z in x, p = softplus(alphas[0]), n = 1 / 2 + softplus(alphas[1]):
   * xIELU (Huang and Schlag 2024), whose factors are learned.  x: [T, I]; alphas: float32 [2]
   */
  xielu(x: Tensor, alphas: Tensor): void;
  /** x = cap * tanh(x / cap) (Gemma 2's logits).  x: float32 [T, H]; cap: above 0 */
  softcap(x: Tensor, cap: number): void;
}

/** One vector of a row's tokens. */
export interface PoolingOps {
  /**
   * out[r] = mean of x over row r's tokens of this step, 0 where it has none.
   * @param out float32 [>= R, H]
   * @param x [T, H]
   * @param batch prepared: its rows are read
   */
  meanRows(out: Tensor, x: Tensor, batch: Batch): void;
}

/** Rotary positions. */
export interface RopeOps {
  /**
   * Rotary embedding in place (Su et al. 2021), half-split pairs (i, i + rotaryDim / 2) as in GPT-NeoX and Llama.
   * @param q [T, heads, D], may be strided over T
   * @param k [T, kvHeads, D], may be strided over T
   * @param positions int32 [>= T]
   * @param cosSin float32 [maxPositions, rotaryDim]: cos of the rotaryDim / 2 angles, then their sin
   */
  rope(q: Tensor, k: Tensor, positions: Tensor, cosSin: Tensor): void;
}

/** How a layer attends; made once for each layer. Scores are scaled, then capped, then biased by {@link slopes}, then masked. */
export interface AttentionOptions {
  /** Factor of the scores, usually D^-0.5. */
  readonly scale: number;
  /**
   * A token sees itself and the window - 1 tokens before it (and as many behind it in `encoderAttention`), as transformers'
   * `sliding_window`. A whole number above 0. Default: all.
   */
  readonly window?: number;
  /** score = softcap * tanh(score / softcap) (Gemma 2); above 0. Default: none. */
  readonly softcap?: number;
  /** float32 [heads]: exp(sink) is added to the softmax's denominator (gpt-oss). Default: none. */
  readonly sinks?: Tensor;
  /** float32 [heads]: score -= slope * distance of the two positions, ALiBi (Press et al. 2022). Default: none. */
  readonly slopes?: Tensor;
}

/** The paged KV cache, written and read, and attention without it. */
export interface AttentionOps {
  /**
   * Stores keys and values into the paged cache at `batch.slots`.
   * @param keyCache [blocks, kvHeads, blockSize, D]
   * @param valueCache as keyCache; undefined, as v, where values are a part of the keys
   * @param k [T, kvHeads, D], may be strided over T
   * @param v as k
   * @param batch prepared: its slots are read
   */
  writeKv(keyCache: Tensor, valueCache: Tensor | undefined, k: Tensor, v: Tensor | undefined, batch: Batch): void;
  /**
   * Causal attention of each token over its row's sequence up to itself, read from the paged cache (Kwon et al. 2023).
   * Query head h reads key head floor(h * kvHeads / heads). Any mix of chunk lengths and context lengths. Blocks that lie wholly
   * outside of every window of a row's tokens are not looked at: their table entries may be stale.
   * @param out [T, heads, E]
   * @param q [T, heads, D], may be strided over T
   * @param keyCache [blocks, kvHeads, blockSize, D]
   * @param valueCache [blocks, kvHeads, blockSize, E]: contiguous, or a slice of keyCache's last dimension (latent attention of
   * DeepSeek V2, whose values are a part of the keys)
   * @param batch prepared: its rows and block tables are read
   */
  pagedAttention(
    out: Tensor,
    q: Tensor,
    keyCache: Tensor,
    valueCache: Tensor,
    batch: Batch,
    options: AttentionOptions,
  ): void;
  /**
   * Bidirectional attention of whole prompts, without a cache (encoders): each token sees its row's tokens of this step whose
   * distance is below the window. Heads are grouped as in `pagedAttention`.
   * @param out [T, heads, D]
   * @param q [T, heads, D], may be strided over T
   * @param k [T, kvHeads, D], may be strided over T
   * @param v as k
   * @param batch its plan is read: which tokens are a row's
   */
  encoderAttention(out: Tensor, q: Tensor, k: Tensor, v: Tensor, batch: Batch, options: AttentionOptions): void;
}

/** Matrix products. */
export interface LinearOps {
  /**
   * out = x * weight^T + bias.  out: [T, outFeatures]; x: [T, inFeatures], may be strided over T.
   * `out` may be float32 whatever the dtype of x; the weight's dtype may differ from that of x.
   * Where both are bfloat16, values below the smallest normal one (2^-126) may count as zero.
   */
  linear(out: Tensor, x: Tensor, weight: LinearWeight): void;
}

/**
 * A function of one number z: silu z / (1 + exp(-z)); gelu z / 2 * (1 + erf(z / sqrt(2))); gelu_tanh its approximation
 * z / 2 * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 * z^3))) (Hendrycks and Gimpel 2016), which transformers also calls gelu_new,
 * gelu_pytorch_tanh and gelu_fast; relu max(z, 0); relu2 its square (So et al. 2021); quick_gelu z / (1 + exp(-1.702 * z)).
 */
export type Activation = "silu" | "gelu" | "gelu_tanh" | "relu" | "quick_gelu" | "relu2";

/**
 * What {@link ActivationOps.gatedActivation} makes of gate and up: f(gate) * up, or gpt-oss's swiglu_oai: gate is at most 7, up in [-7, 7],
 * (up + 1) * gate / (1 + exp(-1.702 * gate)).
 */
export type GatedActivation = Activation | "swiglu_oai";

/** Activations of feed-forward layers. */
export interface ActivationOps {
  /** out = f(x).  out, x: [T, I]; out may be x itself */
  activate(out: Tensor, x: Tensor, activation: Activation): void;
  /** out = f(gate) * up (Shazeer 2020).  out: [T, I]; gateUp: [T, 2 * I], gate first */
  gatedActivation(out: Tensor, gateUp: Tensor, activation: GatedActivation): void;
}

/** What {@link SamplingOps.logprobs} gives of a token: its log softmax, or its logit itself. */
export type LogprobKind = "logprobs" | "logits";

/** From logits to tokens. */
export interface SamplingOps {
  /**
   * Changes the logits of samples whose row has RowFlags, in place, each token's in this order:
   * edits that apply (bias added, one after the other); repetition penalty p, where the token is in the prompt or the output
   * (logit > 0 ? logit / p : logit * p); minus the frequency penalty times its count in the output; minus the presence penalty where
   * that is above 0 (as vLLM and OpenAI's API define them). What RowFlags.allowed leaves out ends as -infinity whatever the others say.
   * An edit applies while the sample's position is below its `until` and its tokens before end the output, which begins at
   * promptLength. The tokens of this step after the row's first sample, its drafts, are output for the samples that follow them.
   * @param logits float32 [>= S, V], V the layout's vocabSize
   */
  adjustLogits(logits: Tensor, batch: Batch): void;
  /**
   * Makes of logits what `sample` draws from, in place: logits / temperature, -infinity for tokens that min_p, top_k or top_p drop.
   * Rows that are greedy, taken as if greedy or without any token stay as they are.
   * @param logits float32 [>= S, V]
   */
  filterLogits(logits: Tensor, batch: Batch): void;
  /**
   * Picks one token for each sample and stores it in `tokens[s]`, and the one after a row's last token in `lastTokens`. With the row's
   * parameters: temperature 0 takes the largest logit (ties: the lowest id). Otherwise logits / temperature, then in
   * this order min_p (drop p < min_p * max p), top_k (drop below the k-th largest; ties stay), top_p (keep the shortest
   * prefix in descending order, ties by id, whose probability, renormalised after the drops before, reaches top_p),
   * then the largest of logit / temperature + gumbel(seed, position, choice, token); see philox.ts. `position` is the one
   * that the picked token will have. NaN counts as -infinity; a largest logit that is infinite is taken as if greedy.
   * Where no logit is above -infinity the token is NO_TOKEN (and `lastTokens` 0, which can be looked up).
   * @param tokens int32 [>= S]
   * @param logits float32 [S, V], left as they are
   */
  sample(tokens: Tensor, logits: Tensor, batch: Batch): void;
  /**
   * Logarithms of softmax(logits[s]), or the logits: column 0 for `picked[s]`, then for the K most likely tokens in order (ties: the
   * lowest id). `ranks[s]` is one more than the tokens that are more likely than the picked one. NaN counts as -infinity, and so does a
   * picked id outside of [0, V); where the largest logit is infinite, those equal to it share the probability.
   * @param out K is at most V
   * @param logits float32 [>= S, V]
   * @param picked int32 [>= S]
   * @param kind default "logprobs"
   */
  logprobs(out: LogprobsOutput, logits: Tensor, picked: Tensor, kind?: LogprobKind): void;
}

/** What {@link SamplingOps.logprobs} fills; all contiguous. */
export interface LogprobsOutput {
  /** int32 [S, K + 1] */
  readonly tokens: Tensor;
  /** float32 [S, K + 1] */
  readonly logprobs: Tensor;
  /** int32 [>= S] */
  readonly ranks: Tensor;
}

/**
 * Every op. Each writes into its first argument, allocates nothing, returns nothing, and is enqueued on the backend's stream.
 * Float tensors of one call share a dtype (float32, float16 or bfloat16) unless its comment says otherwise; sums run in
 * float32. docs/ops.md has the formulas with what is tested of them.
 */
export interface Ops
  extends BatchOps,
    EmbeddingOps,
    NormOps,
    ElementOps,
    RopeOps,
    AttentionOps,
    LinearOps,
    ExpertOps,
    ActivationOps,
    PoolingOps,
    SamplingOps {}
