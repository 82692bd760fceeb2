// What the scheduler must know of a request.

/** The arrays are copied: they may be windows into a buffer that is used again. */
export interface RequestSpec {
  /** Any number that no unfinished request has. */
  readonly id: number;
  /** At least one token. */
  readonly promptTokens: Int32Array;
  /** Output tokens at most. May be far more than the model's length: the shorter limit holds. */
  readonly maxTokens: number;
  /** Sampling one of these ends the request. */
  readonly stopTokenIds: Int32Array;
  /** Sampling parameters: a record of core's ROW_INIT_WORDS words, whose `row` is ignored. */
  readonly rowInit: Int32Array;
  /** Requests share cached prefixes only with those of the same salt. A safe integer, not negative. Default: 0. */
  readonly cacheSalt?: number;
  /** Never give it drafts, whatever the draft source has: for tokens that the host itself decides about. Default: false. */
  readonly noDrafts?: boolean;
  /** Report each output token's logprob and those of so many most likely tokens. Default: none. */
  readonly logprobs?: number;
  /** The same for each token of the prompt but the first. Such a prompt is computed whole, cached or not. Default: none. */
  readonly promptLogprobs?: number;
}
