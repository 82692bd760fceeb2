// What a custom logits processor is. It runs on the host, between two parts of a step: see the package's README for what that costs.

/** What a processor learns of a request when it arrives. */
export interface LogitsProcessorRequest {
  readonly promptTokenIds: Int32Array;
  /** The request's `extraArgs` (over HTTP `vllm_xargs`); empty where it has none. */
  readonly extraArgs: Readonly<Record<string, unknown>>;
  /** Length of the logits. */
  readonly vocabSize: number;
}

/**
 * Changes the logits of one request's next token in place: after penalties and other edits, before temperature and filters.
 * -Infinity rules a token out. It must depend on its arguments alone, for then a request's tokens depend on nothing but itself.
 * An error that it throws ends the request.
 * @param logits [vocabSize]
 * @param outputTokenIds what the request has generated so far; valid during the call
 */
export type ProcessRequestLogits = (logits: Float32Array, outputTokenIds: Int32Array) => void;

/**
 * Asked once for each request: what changes its logits, or null where the request does not want that. Those requests pay nothing.
 * @throws whatever refuses the request; the error's message is the client's
 */
export type LogitsProcessor = (request: LogitsProcessorRequest) => ProcessRequestLogits | null;
