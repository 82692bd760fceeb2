// Ends outputs that go round in circles.

/** Which circles: as vLLM's `repetition_detection`, whose words these are. */
export interface RepetitionDetection {
  /** Tokens of the longest pattern that is looked for; at least `minPatternSize`. */
  readonly maxPatternSize: number;
  /** And of the shortest; at least 1. */
  readonly minPatternSize: number;
  /** Times that a pattern must stand at the end, one behind the other; at least 2. */
  readonly minCount: number;
  /** Output tokens before which nothing is looked for. */
  readonly minTokens: number;
}

/** Whether `tokens[start, end)` ends with a pattern that is there `minCount` times. */
export function endsInCircle(
  tokens: Int32Array,
  start: number,
  end: number,
  { minPatternSize, maxPatternSize, minCount, minTokens }: RepetitionDetection,
): boolean {
  if (end - start < minTokens) return false;
  const longest = Math.min(maxPatternSize, Math.floor((end - start) / minCount));
  for (let size = minPatternSize; size <= longest; size++) {
    // Each token is that of one pattern before, but for the first pattern's.
    const first = end - size * (minCount - 1);
    let at = end - 1;
    while (at >= first && tokens[at] === tokens[at - size]) at--;
    if (at < first) return true;
  }
  return false;
}
