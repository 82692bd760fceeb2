// The experts of a layer, as backends with an addon keep them.
import type { FloatDType } from "../dtype.js";
import { checkArgument } from "../errors.js";
import { checkExperts, type ExpertWeights } from "../experts.js";
import type { LinearWeight } from "../linear.js";
import type { IsOwnWeight, NativeLinearWeight } from "./native-linear-weight.js";

/** What a backend makes of experts and how it frees that. */
export interface ExpertTable {
  /** What native calls know them by. */
  readonly id: number;
  /** Called once; the backend may be disposed of by then. */
  free(): void;
}

/** The handle that `prepareExperts` of a backend with an addon returns. */
export class NativeExpertWeights implements ExpertWeights {
  readonly count: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly dtype: FloatDType;
  /** The table's number; -1 after `dispose()`. */
  id: number;
  /** Whether this very backend prepared them. */
  readonly isOwn: IsOwnWeight;
  readonly #weights: readonly NativeLinearWeight[];
  readonly #table: ExpertTable;

  /** @param create makes the table of layers by their numbers, int32 each */
  constructor(weights: readonly LinearWeight[], isOwn: IsOwnWeight, create: (ids: Uint8Array) => ExpertTable) {
    ({ inFeatures: this.inFeatures, outFeatures: this.outFeatures, dtype: this.dtype } = checkExperts(weights));
    this.count = weights.length;
    this.isOwn = isOwn;
    this.#weights = weights.map((weight, index) => {
      checkArgument(isOwn(weight), () => `expert ${index} was prepared by another backend`, "weights");
      return weight;
    });
    this.#table = create(new Uint8Array(Int32Array.from(this.#weights, ({ id }) => id).buffer));
    this.id = this.#table.id;
  }

  /** Whether every layer still exists. */
  get complete(): boolean {
    if (this.id < 0) return false;
    for (let i = 0; i < this.#weights.length; i++) if (this.#weights[i]!.id < 0) return false;
    return true;
  }

  dispose(): void {
    if (this.id < 0) return;
    this.id = -1;
    this.#table.free();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
