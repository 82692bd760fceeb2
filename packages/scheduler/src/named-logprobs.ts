// Tokens whose logprobs a request wants to see with each of its own, however unlikely they are.

/** Of a request's samples in one step. */
export interface NamedLogprobs {
  /** Index of the first among the step's samples; the others follow. */
  readonly first: number;
  readonly count: number;
  /** The same for each of them. */
  readonly tokenIds: Int32Array;
}
