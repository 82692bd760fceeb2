// A "model" whose next token depends on every token before it, in order, and on the request's seed: the least mistake in
// what a row reads changes its tokens.

/** The state after the empty sequence. */
export const EMPTY_HISTORY = 0x9e3779b9;

/** The state after one more token. */
export function extendHistory(history: number, token: number): number {
  const mixed = Math.imul(history ^ (token + 0x7f4a7c15), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** What a request changes about its tokens. */
export interface FakeEdits {
  readonly allowed?: readonly number[] | undefined;
  /** The words of its edits. */
  readonly words?: readonly number[] | undefined;
}

/** The token that follows `history`, from 0 to `vocabSize - 1`; one of those allowed, and another one for other edits. */
export function nextToken(history: number, seed: number, vocabSize: number, edits: FakeEdits = {}): number {
  const { allowed, words = [] } = edits;
  const drawn = extendHistory(words.reduce(extendHistory, extendHistory(history, seed)), -1);
  return allowed ? allowed[drawn % allowed.length]! : drawn % vocabSize;
}

/** What {@link referenceTokens} needs to know of a request. */
export interface ReferenceRequest {
  readonly promptTokens: Int32Array;
  readonly seed: number;
  readonly maxTokens: number;
  readonly stopTokenIds: Int32Array;
  readonly edits?: FakeEdits;
}

/**
 * A request's output tokens, computed alone and without blocks, rows or steps.
 * @param slidingWindows for each group of layers, the tokens that a token sees, itself included
 */
export function referenceTokens(
  request: ReferenceRequest,
  vocabSize: number,
  maxModelLen: number,
  slidingWindows: readonly number[] = [Number.POSITIVE_INFINITY],
): number[] {
  const { promptTokens, seed, maxTokens, stopTokenIds, edits } = request;
  const outputs: number[] = [];
  const tokens = [...promptTokens];
  while (outputs.length < maxTokens && promptTokens.length + outputs.length < maxModelLen) {
    const histories = slidingWindows.map((window) =>
      tokens.slice(Math.max(0, tokens.length - window)).reduce(extendHistory, EMPTY_HISTORY),
    );
    const token = nextToken(histories.reduce(extendHistory), seed, vocabSize, edits);
    outputs.push(token);
    if (stopTokenIds.includes(token)) break;
    tokens.push(token);
  }
  return outputs;
}
