// Merges the tokens of a short word: looks for the best pair among all, which for a few is faster than a heap.
import type { MergeTable } from "./merge-table.js";

/** Tokens of a word that is merged here at most; the time grows with their square. */
export const SHORT_WORD = 40;

const NONE = 0x7fffffff;
const ranks = new Int32Array(SHORT_WORD);

/**
 * The pair of lowest rank first, of equal ones the first.
 * @param ids changed in place
 * @returns how many are left
 */
export function mergeWord(table: MergeTable, ids: Int32Array, count: number): number {
  let length = count;
  // The pairs that are new.
  let from = 0;
  let to = count - 1;
  for (;;) {
    for (let i = from; i < to; i++) {
      const rank = table.find(ids[i]!, ids[i + 1]!);
      ranks[i] = rank < 0 ? NONE : rank;
    }
    let best = -1;
    let lowest = NONE;
    for (let i = 0; i + 1 < length; i++) {
      if (ranks[i]! < lowest) {
        lowest = ranks[i]!;
        best = i;
      }
    }
    if (best < 0) return length;
    ids[best] = table.merged(lowest);
    length -= 1;
    for (let i = best + 1; i < length; i++) {
      ids[i] = ids[i + 1]!;
      ranks[i] = ranks[i + 1]!;
    }
    from = Math.max(best - 1, 0);
    to = Math.min(best + 1, length - 1);
  }
}
