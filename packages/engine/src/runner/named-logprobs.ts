// Logprobs of the tokens that requests name (`logprobTokenIds`): which ones on their way to the device, what they are on the way back.
import { type Backend, slice, type Tensor } from "@octavo/core";
import type { NamedLogprobs } from "@octavo/scheduler";
import { HostLogprobs, type LogprobRows } from "./logprob-rows.js";

/** The rows of one step on the host: the first named token of each sample, then the second of each, and so on. */
export interface NamedLogprobRows extends Pick<LogprobRows, "tokens" | "logprobs" | "ranks"> {
  readonly samples: number;
}

/** Host memory that a step's named tokens are copied from and their logprobs to; it costs nothing before a request names some. */
export class HostNamedLogprobs implements NamedLogprobRows {
  samples = 0;
  /** What one op after the other fills, a row for each sample. */
  readonly rows: HostLogprobs;

  constructor(backend: Backend) {
    this.rows = new HostLogprobs(backend);
  }

  get tokens(): Int32Array {
    return this.rows.tokens;
  }

  get logprobs(): Int32Array {
    return this.rows.logprobs;
  }

  get ranks(): Int32Array {
    return this.rows.ranks;
  }

  /** Lays out what a step's requests name; samples that name fewer tokens than others have token 0 in their place. @returns how many times */
  begin(samples: number, named: readonly NamedLogprobs[]): number {
    let most = 0;
    for (const { tokenIds } of named) most = Math.max(most, tokenIds.length);
    this.samples = samples;
    this.rows.begin(most * samples, 1);
    const { tokens } = this.rows;
    tokens.fill(0);
    for (const { first, count, tokenIds } of named) {
      for (let i = 0; i < tokenIds.length; i++)
        tokens.fill(tokenIds[i]!, i * samples + first, i * samples + first + count);
    }
    return most;
  }

  /** int32 [samples]: the named token of that index of each. */
  idsAt(index: number): Tensor {
    return slice(this.rows.tokenColumn, 0, index * this.samples, (index + 1) * this.samples);
  }

  dispose(): void {
    this.rows.dispose();
  }
}
