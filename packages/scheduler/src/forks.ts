// Requests that begin with tokens that another request computes, or has computed: they share its blocks.
import type { BlockTables } from "@octavo/kv-cache";
import { NO_ROW, type Request } from "./request.js";

/**
 * A fork takes references to its parent's blocks as soon as the tokens that both have in common are planned, and holds them while it
 * waits; a finished request that was asked to `keepBlocks` holds them for forks to come. Both give way when blocks are scarce: such a
 * fork then computes its tokens itself, which changes nothing but the time it takes.
 */
export class Forks {
  /** Forks that wait for their parent to compute the tokens that they share, by parent. */
  readonly #children = new Map<Request, Request[]>();
  /** Waiting requests that hold blocks. */
  readonly #holders: Request[] = [];
  /** Finished requests whose blocks are kept, or were until others needed them, oldest first. */
  readonly #kept = new Map<number, Request>();
  /** The number of the step that is planned, or was last. */
  #step = 0;

  /** Another step is planned. */
  begin(step: number): void {
    this.#step = step;
  }

  /** The finished request of that id that somebody goes on with. */
  kept(id: number): Request | undefined {
    return this.#kept.get(id);
  }

  get numKept(): number {
    return this.#kept.size;
  }

  /** Sequences that hold blocks without running. */
  *sequences(): Generator<BlockTables> {
    for (const { sequence } of this.#holders) yield sequence;
    for (const { sequence } of this.#kept.values()) yield sequence;
  }

  isHolder(request: Request): boolean {
    return this.#holders.includes(request);
  }

  /** Makes a new request share what it has in common with `parent`; nothing where that is too little or not possible. */
  add(child: Request, parent: Request): void {
    if (child.promptLogprobs >= 0) return;
    child.shared = commonLength(child, parent);
    if (parent.finished) child.shared = Math.min(child.shared, parent.computed);
    if (child.shared === 0) return;
    if (parent.sequence.numBlocks > 0 && parent.computed >= child.shared) {
      this.#fork(child, parent, 0);
      return;
    }
    child.parent = parent;
    const siblings = this.#children.get(parent);
    if (siblings) siblings.push(child);
    else this.#children.set(parent, [child]);
  }

  /** Tokens of `parent` were planned. */
  computed(parent: Request): void {
    if (this.#children.size === 0) return;
    const children = this.#children.get(parent);
    if (!children) return;
    for (const child of children) if (parent.computed >= child.shared) this.#fork(child, parent, this.#step + 1);
    const left = children.filter((child) => child.parent === parent);
    if (left.length > 0) this.#children.set(parent, left);
    else this.#children.delete(parent);
  }

  /**
   * Whether a waiting request must wait on: its parent still computes what it needs, or that is in the step that is being planned,
   * before which a shared block would be copied.
   */
  mustWait(request: Request): boolean {
    const { parent } = request;
    if (parent && parent.row !== NO_ROW) return true;
    if (parent) this.#leave(request, parent);
    return request.forkedAt > this.#step;
  }

  /** A request that waited starts to run. @returns whether it begins with blocks that it shares, `computed` tokens long */
  begins(request: Request): boolean {
    const index = this.#holders.indexOf(request);
    if (index >= 0) this.#holders.splice(index, 1);
    return index >= 0;
  }

  /** A request that waits ends: it gives back what it holds. */
  drop(request: Request): void {
    if (this.begins(request)) request.sequence.free();
    if (request.parent) this.#leave(request, request.parent);
  }

  /** The request is over, but still has its blocks: who waits for it takes what there is. */
  ended(request: Request): void {
    for (const child of this.#children.get(request) ?? []) {
      child.parent = undefined;
      child.shared = Math.min(child.shared, request.computed);
      if (child.shared > 0) this.#fork(child, request, 0);
    }
    this.#children.delete(request);
  }

  /** Keeps the blocks of a finished request. */
  keep(request: Request): void {
    this.#kept.set(request.id, request);
  }

  /** Gives kept blocks back. @returns false for an unknown id */
  release(id: number): boolean {
    this.#kept.get(id)?.sequence.free();
    return this.#kept.delete(id);
  }

  /**
   * Takes blocks back, for `needy` or one that runs: those that are kept first, then those of the fork that arrived last.
   * @returns whether there were any
   */
  reclaim(needy?: Request): boolean {
    for (const request of this.#kept.values()) {
      if (request.sequence.numBlocks === 0) continue;
      request.sequence.free();
      request.computed = 0;
      return true;
    }
    for (let i = this.#holders.length - 1; i >= 0; i--) {
      const holder = this.#holders[i]!;
      if (holder === needy) continue;
      this.#holders.splice(i, 1);
      holder.sequence.free();
      holder.computed = 0;
      holder.forkedAt = 0;
      return true;
    }
    return false;
  }

  #fork(child: Request, parent: Request, at: number): void {
    child.parent = undefined;
    if (!child.sequence.canForkFrom(parent.sequence, child.shared)) return;
    child.sequence.forkFrom(parent.sequence, child.shared);
    child.computed = child.shared;
    child.forkedAt = at;
    this.#holders.push(child);
  }

  #leave(child: Request, parent: Request): void {
    child.parent = undefined;
    const siblings = this.#children.get(parent)!.filter((sibling) => sibling !== child);
    if (siblings.length > 0) this.#children.set(parent, siblings);
    else this.#children.delete(parent);
  }
}

/** Tokens with which both begin; the child's last one is left for it to compute. */
function commonLength(child: Request, parent: Request): number {
  const end = Math.min(child.length - 1, parent.length);
  for (let i = 0; i < end; i++) if (child.tokens[i] !== parent.tokens[i]) return i;
  return end;
}
