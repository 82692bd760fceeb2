// One replica after the other.
import type { Fleet, Router } from "./router.js";

export class RoundRobinRouter implements Router {
  readonly #fleet: Fleet;
  #next = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  route(): number {
    const index = this.#next;
    this.#next = (index + 1) % this.#fleet.size;
    return index;
  }
}
