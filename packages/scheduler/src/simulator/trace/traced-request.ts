// A request of a trace or a synthetic workload, and the tokens of its prompt.

/** Tokens that several requests share because they name the same id at the same place. */
export interface SharedTokens {
  readonly id: string | number;
  readonly tokens: number;
}

export interface TracedRequest {
  /** Seconds since the trace's beginning. */
  readonly arrival: number;
  /** Tokens of the whole prompt, shared ones included. */
  readonly promptTokens: number;
  /** Tokens that are generated; 1 at least. */
  readonly outputTokens: number;
  /** What the prompt begins with. Default: nothing that others share. */
  readonly prefixes?: readonly SharedTokens[];
  /** The prompt itself, where the trace has it. */
  readonly promptTokenIds?: Int32Array;
  /** Handed to the scheduler: smaller is served first. */
  readonly priority?: number;
  readonly tenant?: string;
}

/**
 * The prompt's token ids. Those of a shared prefix follow from its id, all others are the request's own: two requests have
 * equal tokens where they share a prefix and differ everywhere else.
 * @param index of the request in its trace
 * @param vocabSize ids are below this
 */
export function promptTokenIds(request: TracedRequest, index: number, vocabSize = 2 ** 31): Int32Array {
  if (request.promptTokenIds) return request.promptTokenIds;
  const ids = new Int32Array(request.promptTokens);
  let start = 0;
  for (const { id, tokens } of request.prefixes ?? []) {
    const end = Math.min(start + tokens, ids.length);
    fill(ids, start, end, hashText(`prefix ${id}`), vocabSize);
    start = end;
  }
  fill(ids, start, ids.length, hashText(`request ${index}`), vocabSize);
  return ids;
}

/** Numbers that look random and follow from `key` and their distance from `start`. */
function fill(ids: Int32Array, start: number, end: number, key: number, vocabSize: number): void {
  for (let i = start; i < end; i++) {
    let word = Math.imul(i - start, 0x9e3779b1) ^ key;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    ids[i] = ((word ^ (word >>> 16)) >>> 0) % vocabSize;
  }
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
