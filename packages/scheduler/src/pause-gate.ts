// What a pause holds back: requests that come while it lasts, and with "keep" all that were there, too.
import type { Request } from "./request.js";

/** "keep": nobody computes, blocks and rows stay; "wait": who is there goes on to the end. */
export type SchedulerPauseMode = "keep" | "wait";

export class PauseGate {
  #mode: SchedulerPauseMode | undefined;
  /** In order of arrival. */
  readonly #held: Request[] = [];

  get isPaused(): boolean {
    return this.#mode !== undefined;
  }

  /** Whether nothing may be scheduled at all. */
  get isFrozen(): boolean {
    return this.#mode === "keep";
  }

  /** Requests that came during the pause. */
  get held(): readonly Request[] {
    return this.#held;
  }

  close(mode: SchedulerPauseMode): void {
    this.#mode = mode;
  }

  /** Holds a request that came during the pause. @returns false when there is none */
  hold(request: Request): boolean {
    if (this.isPaused) this.#held.push(request);
    return this.isPaused;
  }

  /** Takes out one that ends before the pause does. @returns whether it was held */
  remove(request: Request): boolean {
    const index = this.#held.indexOf(request);
    if (index >= 0) this.#held.splice(index, 1);
    return index >= 0;
  }

  /** Ends the pause. @returns those that came during it */
  open(): Request[] {
    this.#mode = undefined;
    return this.#held.splice(0);
  }
}
