// Where sampled tokens go.

/** Receives a step's tokens, in the order in which the step's plan samples them. */
export interface OutputSink {
  /**
   * Receives one token.
   * @param id the request
   * @param token what it sampled, the stop token included; NO_TOKEN with `error` and `timeout`
   * @param finish a `FinishReason` code; anything but `none` says that this was the last token
   * @param cachedTokens prompt tokens that came from the prefix cache when the request was first admitted; -1 before
   * @param sample index of the token among the step's samples, and so of its logprobs; -1 without a token
   * @param logprobs how many alternatives the request wants to see; -1: no logprobs
   * @param named how many tokens it named to see the logprobs of
   */
  onToken(
    id: number,
    token: number,
    finish: number,
    cachedTokens: number,
    sample: number,
    logprobs: number,
    named: number,
  ): void;
  /**
   * Receives, before any token of the same step, the logprobs of a part of a prompt.
   * @param first index of the first among the plan's prompt logprobs
   * @param count how many of them are the request's, for neighbouring tokens; those of its prompt come in order
   * @param logprobs how many alternatives the request wants to see
   */
  onPromptLogprobs?(id: number, first: number, count: number, logprobs: number): void;
}
