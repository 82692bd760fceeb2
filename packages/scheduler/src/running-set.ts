// The running requests, each with a row of the device tables.
import type { Drafting } from "./drafting.js";
import type { SchedulingPolicy } from "./policy/scheduling-policy.js";
import { NO_ROW, type Request } from "./request.js";
import { RowPool } from "./row-pool.js";

export class RunningSet {
  /** In the order in which they get tokens. */
  readonly list: readonly Request[];
  /** Times that a request lost its row and blocks, and of these, to one that the policy puts before it. */
  numPreemptions = 0;
  numOutranked = 0;
  readonly #list: Request[] = [];
  readonly #rows: RowPool;
  readonly #policy: SchedulingPolicy;
  readonly #drafting: Drafting | undefined;

  constructor(numRows: number, policy: SchedulingPolicy, drafting?: Drafting) {
    this.list = this.#list;
    this.#rows = new RowPool(numRows);
    this.#policy = policy;
    this.#drafting = drafting;
  }

  get freeRows(): number {
    return this.#rows.free;
  }

  insert(request: Request, index: number): void {
    request.row = this.#rows.take();
    if (index === this.#list.length) this.#list.push(request);
    else this.#list.splice(index, 0, request);
  }

  /** Takes row and blocks from a running request; with `keepBlocks`, the row only. */
  remove(request: Request, keepBlocks = false): void {
    this.#removeAt(this.#list.indexOf(request));
    if (!keepBlocks) request.sequence.free();
  }

  /**
   * Takes row and blocks from one of those from index `from` on; it comes back as if it were new, with the tokens it has.
   * @returns who it was
   */
  preempt(from: number): Request {
    const victim = this.#removeAt(this.#policy.victim(this.#list, from));
    victim.sequence.free();
    victim.computed = 0;
    this.#policy.putBack(victim);
    this.numPreemptions++;
    return victim;
  }

  #removeAt(index: number): Request {
    const request = this.#list[index]!;
    if (index === this.#list.length - 1) this.#list.pop();
    else this.#list.splice(index, 1);
    this.#drafting?.released(request);
    this.#rows.release(request.row);
    request.row = NO_ROW;
    return request;
  }
}
