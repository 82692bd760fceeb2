// The tokens with which a model ends its outputs.
import type { Tokenizer } from "@octavo/tokenizer";
import type { CoreClient } from "./client/core-client.js";
import type { ResolvedSamplingParams } from "./sampling-params.js";

export class EndTokens {
  /** The one that ends an output without a stop reason; -1: none. */
  readonly main: number;
  /** Those that the model can sample. */
  readonly all: readonly number[];

  constructor(tokenizer: Tokenizer | null, { eosTokenIds, info }: CoreClient) {
    this.main = tokenizer?.eosTokenId ?? eosTokenIds[0] ?? -1;
    const ids = [...eosTokenIds, this.main];
    this.all = [...new Set(ids.filter((id) => id >= 0 && id < info.vocabSize))];
  }

  /** All tokens that end such a request. */
  stopsOf({ ignoreEos, stopTokenIds }: ResolvedSamplingParams): readonly number[] {
    return ignoreEos ? stopTokenIds : [...new Set([...stopTokenIds, ...this.all])];
  }
}
