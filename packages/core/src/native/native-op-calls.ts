// The ops as an addon exports them. Positional numbers only: an options object would cost ten times the call. Addresses are
// plain numbers (below 2^53), strides count elements, dtypes are the codes of DTYPES; a batch is what batch-words.ts writes.

/** The tables that records change; all 0 where there are none. */
type RecordArguments = [
  vocabulary: number,
  tokenCounts: number,
  recentTokens: number,
  tokenMasks: number,
  edits: number,
];

type CacheArguments = [
  keys: number,
  /** 0 where only keys are written. */
  values: number,
  dtype: number,
  blocks: number,
  kvHeads: number,
  blockSize: number,
  headDim: number,
  valueDim: number,
  /** From one position's value to the next one's. */
  valueStride: number,
];

/** AttentionOptions; 0 for what is absent. */
type AttentionArguments = [scale: number, window: number, softcap: number, sinks: number, slopes: number];

/** A norm of rows [tokens, heads, hidden]. */
type NormArguments = [
  dtype: number,
  out: number,
  outStride: number,
  /** What x is added to first, contiguous; 0 for none. */
  residual: number,
  x: number,
  xStride: number,
  weight: number,
  /** From one head's weights and biases to the next one's; 0 where all share them. */
  weightStride: number,
  /** 0 for none. */
  bias: number,
  tokens: number,
  heads: number,
  hidden: number,
  eps: number,
  weightOffset: number,
];

/** Every function throws an OctavoError; the first argument is the number that the addon knows the backend by. */
export interface NativeOpCalls {
  prepareBatch(
    backend: number,
    ...rest: [
      batch: Float64Array,
      ...RecordArguments,
      inputIds: number,
      positions: number,
      slots: number,
      groups: number,
    ]
  ): void;
  embedding(
    backend: number,
    out: number,
    table: number,
    ids: number,
    tokens: number,
    rows: number,
    rowBytes: number,
  ): void;
  gatherRows(
    backend: number,
    out: number,
    x: number,
    indices: number,
    samples: number,
    rows: number,
    rowBytes: number,
  ): void;
  addEmbedding(
    backend: number,
    dtype: number,
    out: number,
    table: number,
    ids: number,
    tokens: number,
    hidden: number,
    rows: number,
    offset: number,
  ): void;
  rmsNorm(backend: number, ...rest: NormArguments): void;
  layerNorm(backend: number, ...rest: NormArguments): void;
  rope(
    backend: number,
    dtype: number,
    q: number,
    qStride: number,
    heads: number,
    k: number,
    kStride: number,
    kvHeads: number,
    tokens: number,
    headDim: number,
    positions: number,
    cosSin: number,
    maxPositions: number,
    rotaryDim: number,
  ): void;
  writeKv(
    backend: number,
    ...rest: [...CacheArguments, k: number, kStride: number, v: number, vStride: number, slots: number, tokens: number]
  ): void;
  pagedAttention(
    backend: number,
    ...rest: [
      ...CacheArguments,
      batch: Float64Array,
      out: number,
      outStride: number,
      q: number,
      qStride: number,
      heads: number,
      tokens: number,
      rows: number,
      ...AttentionArguments,
    ]
  ): void;
  encoderAttention(
    backend: number,
    ...rest: [
      batch: Float64Array,
      dtype: number,
      out: number,
      outStride: number,
      q: number,
      qStride: number,
      k: number,
      kStride: number,
      v: number,
      vStride: number,
      heads: number,
      kvHeads: number,
      headDim: number,
      tokens: number,
      rows: number,
      ...AttentionArguments,
    ]
  ): void;
  linear(
    backend: number,
    linear: number,
    out: number,
    outStride: number,
    outDtype: number,
    x: number,
    xStride: number,
    xDtype: number,
    rows: number,
  ): void;
  routeExperts(
    backend: number,
    experts: number,
    weights: number,
    logits: number,
    logitsDtype: number,
    tokens: number,
    count: number,
    chosen: number,
    scoring: number,
    renormalize: number,
    scale: number,
    bias: number,
    groups: number,
    topGroups: number,
  ): void;
  /** @param share rows of out that share a row of x */
  expertLinear(
    backend: number,
    experts: number,
    out: number,
    outStride: number,
    outDtype: number,
    x: number,
    xStride: number,
    xDtype: number,
    rows: number,
    share: number,
    /** 0: row i goes to expert i modulo their count. */
    routed: number,
  ): void;
  combineExperts(
    backend: number,
    dtype: number,
    out: number,
    x: number,
    weights: number,
    tokens: number,
    chosen: number,
    hidden: number,
  ): void;
  activate(
    backend: number,
    dtype: number,
    out: number,
    x: number,
    tokens: number,
    width: number,
    activation: number,
  ): void;
  gatedActivation(
    backend: number,
    dtype: number,
    out: number,
    gateUp: number,
    tokens: number,
    width: number,
    activation: number,
  ): void;
  add(backend: number, dtype: number, out: number, x: number, tokens: number, hidden: number): void;
  scale(backend: number, dtype: number, x: number, tokens: number, hidden: number, factor: number): void;
  clamp(backend: number, dtype: number, x: number, tokens: number, hidden: number, limit: number): void;
  xielu(backend: number, dtype: number, x: number, alphas: number, tokens: number, width: number): void;
  softcap(backend: number, x: number, tokens: number, hidden: number, cap: number): void;
  meanRows(
    backend: number,
    ...rest: [batch: Float64Array, out: number, dtype: number, x: number, tokens: number, rows: number, hidden: number]
  ): void;
  adjustLogits(
    backend: number,
    ...rest: [batch: Float64Array, ...RecordArguments, inputIds: number, logits: number, samples: number]
  ): void;
  filterLogits(
    backend: number,
    ...rest: [batch: Float64Array, logits: number, samples: number, vocabulary: number]
  ): void;
  sample(
    backend: number,
    ...rest: [batch: Float64Array, tokens: number, logits: number, samples: number, vocabulary: number]
  ): void;
  logprobs(
    backend: number,
    tokens: number,
    logprobs: number,
    ranks: number,
    columns: number,
    logits: number,
    picked: number,
    samples: number,
    vocabulary: number,
    asLogits: number,
  ): void;
}
