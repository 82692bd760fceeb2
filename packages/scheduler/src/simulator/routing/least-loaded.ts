// The replica with the fewest unfinished requests; of several the one after the last choice, so that none is favoured.
import type { Fleet, Router } from "./router.js";

export class LeastLoadedRouter implements Router {
  readonly #fleet: Fleet;
  #last = -1;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  route(): number {
    const { size } = this.#fleet;
    let best = (this.#last + 1) % size;
    for (let i = 1; i < size; i++) {
      const index = (this.#last + 1 + i) % size;
      if (this.#fleet.unfinished(index) < this.#fleet.unfinished(best)) best = index;
    }
    this.#last = best;
    return best;
  }
}
