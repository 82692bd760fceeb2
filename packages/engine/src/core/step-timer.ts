// What steps compute and how long they take, for fitting the cost that @octavo/scheduler's simulator charges.
import type { StepPlan } from "@octavo/core";
import { countWork, type StepWork } from "@octavo/scheduler";

/** @param work used again for later steps: copy what you keep. @param seconds from planning to the last token handed out */
export type StepTimeObserver = (work: Readonly<StepWork>, seconds: number) => void;

/** Steps end in the order in which they were launched. */
const MAX_IN_FLIGHT = 2;

export class StepTimer {
  readonly #observer: StepTimeObserver;
  readonly #slidingWindows: readonly number[];
  readonly #now: () => number;
  readonly #work: readonly StepWork[] = Array.from({ length: MAX_IN_FLIGHT }, () => ({
    tokens: 0,
    rows: 0,
    context: 0,
    pairs: 0,
  }));
  readonly #starts = new Float64Array(MAX_IN_FLIGHT);
  #planned = 0;
  #launched = 0;
  #ended = 0;
  #lastEnd = 0;

  /** @param slidingWindows of each group of layers; @param now milliseconds */
  constructor(
    observer: StepTimeObserver,
    slidingWindows: readonly number[],
    now: () => number = () => performance.now(),
  ) {
    this.#observer = observer;
    this.#slidingWindows = slidingWindows;
    this.#now = now;
  }

  /** A step is about to be planned, and launched if there is anything to do. */
  plan(): void {
    this.#planned = this.#now();
  }

  launch(plan: StepPlan): void {
    const slot = this.#launched++ % MAX_IN_FLIGHT;
    this.#starts[slot] = this.#planned;
    countWork(plan, this.#work[slot]!, this.#slidingWindows);
  }

  /** The oldest launched step is done. While another ran before it, it waited: that time is not its own. */
  end(): void {
    const slot = this.#ended % MAX_IN_FLIGHT;
    // Launched before it was observed.
    if (this.#ended === this.#launched) return;
    this.#ended++;
    const now = this.#now();
    this.#observer(this.#work[slot]!, (now - Math.max(this.#starts[slot]!, this.#lastEnd)) / 1000);
    this.#lastEnd = now;
  }
}
