// Where sampled tokens go.

/** Receives a step's tokens, in the order in which the step's plan samples them. */
export interface OutputSink {
  /**
   * @param id the request
   * @param token what it sampled, the stop token included; NO_TOKEN with `error`
   * @param finish a {@link FinishReason} code; anything but `none` says that this was the last token
   * @param cachedTokens prompt tokens that came from the prefix cache when the request was first admitted
   */
  onToken(id: number, token: number, finish: number, cachedTokens: number): void;
}
