// The list of merges in tokenizer.json, as ids.
import { NotCovered } from "./not-covered.js";

/** A text in old files: two tokens with a space between. */
export type MergeConfig = string | readonly [string, string];

/**
 * Calls back with the merges in order.
 * @param tokens by id @param ids by token
 * @throws NotCovered for a merge of what is no token, or into none
 */
export function forEachMerge(
  merges: readonly MergeConfig[],
  tokens: readonly string[],
  ids: ReadonlyMap<string, number>,
  take: (rank: number, left: string, leftId: number, right: string, rightId: number, merged: number) => void,
): void {
  let guess = 0;
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank]!;
    // From 1, because a token may itself be a space.
    const space = typeof merge === "string" ? merge.indexOf(" ", 1) : 0;
    if (space < 0) throw new NotCovered(`the merge ${JSON.stringify(merge)}`);
    const left = typeof merge === "string" ? merge.slice(0, space) : merge[0];
    const right = typeof merge === "string" ? merge.slice(space + 1) : merge[1];
    // Nearly always a merge makes the same token as the one before, or the next one: comparing is faster than looking up.
    if (!isJoined(tokens[guess], left, right)) guess += 1;
    if (!isJoined(tokens[guess], left, right)) guess = idOf(ids, left + right);
    take(rank, left, idOf(ids, left), right, idOf(ids, right), guess);
  }
}

function isJoined(token: string | undefined, left: string, right: string): boolean {
  return token?.length === left.length + right.length && token.startsWith(left) && token.endsWith(right);
}

function idOf(ids: ReadonlyMap<string, number>, token: string): number {
  const id = ids.get(token);
  if (id === undefined) throw new NotCovered(`a merge with ${JSON.stringify(token)}, which is no token`);
  return id;
}
