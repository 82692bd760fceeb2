// The replica that was sent the longest beginning of the prompt before, unless it has far more to do than the others.
import { LeastLoadedRouter } from "./least-loaded.js";
import type { Fleet, Router, RoutingOptions } from "./router.js";

/**
 * How much more than the mean load a replica may have: the bound of Mirrokni, Thorup, Zadimoghaddam, "Consistent hashing with
 * bounded loads" (SODA 2018).
 */
const LOAD_BOUND = 1.25;

export class PrefixAwareRouter implements Router {
  readonly #fleet: Fleet;
  readonly #leastLoaded: LeastLoadedRouter;
  readonly #blockSize: number;
  readonly #numBlocks: number;
  /** For each replica, hashes of the beginnings that it was sent, in the order in which they were used last. */
  readonly #sent: readonly Set<number>[];

  constructor(fleet: Fleet, { blockSize, numBlocks }: RoutingOptions) {
    this.#fleet = fleet;
    this.#leastLoaded = new LeastLoadedRouter(fleet);
    this.#blockSize = blockSize;
    this.#numBlocks = numBlocks;
    this.#sent = Array.from({ length: fleet.size }, () => new Set<number>());
  }

  route(promptTokens: Int32Array): number {
    const hashes = beginnings(promptTokens, this.#blockSize);
    const { size } = this.#fleet;
    let total = 1;
    for (let i = 0; i < size; i++) total += this.#fleet.unfinished(i);
    const most = Math.ceil((LOAD_BOUND * total) / size);
    let best = -1;
    let longest = 0;
    for (let i = 0; i < size; i++) {
      if (this.#fleet.unfinished(i) >= most) continue;
      const matched = this.#matched(i, hashes);
      const isBetter = matched > longest || (matched === longest && this.#isIdler(i, best));
      if (matched === 0 || !isBetter) continue;
      best = i;
      longest = matched;
    }
    if (best < 0) best = this.#leastLoaded.route();
    this.#remember(best, hashes);
    return best;
  }

  #isIdler(index: number, than: number): boolean {
    return than < 0 || this.#fleet.unfinished(index) < this.#fleet.unfinished(than);
  }

  #matched(index: number, hashes: readonly number[]): number {
    const sent = this.#sent[index]!;
    let count = 0;
    while (count < hashes.length && sent.has(hashes[count]!)) count++;
    return count;
  }

  /** Keeps as many as the replica has blocks: what was used longest ago is probably evicted there. */
  #remember(index: number, hashes: readonly number[]): void {
    const sent = this.#sent[index]!;
    // The end first: a beginning outlives what follows it.
    for (let i = hashes.length - 1; i >= 0; i--) {
      sent.delete(hashes[i]!);
      sent.add(hashes[i]!);
    }
    for (const hash of sent) {
      if (sent.size <= this.#numBlocks) break;
      sent.delete(hash);
    }
  }
}

/** A hash of the first block, of the first two, and so on: 52 bits, so that equal ones are equal beginnings for a plan. */
function beginnings(tokens: Int32Array, blockSize: number): number[] {
  const hashes: number[] = [];
  let low = 0;
  let high = 0;
  for (let i = 0; i + blockSize <= tokens.length; i += blockSize) {
    for (let j = i; j < i + blockSize; j++) {
      low = Math.imul(low ^ tokens[j]!, 0x01000193);
      low ^= low >>> 15;
      high = Math.imul(high + tokens[j]!, 0x85ebca6b);
      high ^= high >>> 13;
    }
    hashes.push((high & 0xfffff) * 2 ** 32 + (low >>> 0));
  }
  return hashes;
}
