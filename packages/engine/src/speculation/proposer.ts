// What makes drafts. Whether they are worth their time is decided elsewhere (draft-length.ts).
import type { DraftRequest } from "@octavo/scheduler";

export interface Proposer extends Disposable {
  /** Drafts that it could give the request now; must be cheap. Asked while a token of the request is in flight, too. */
  available(request: DraftRequest): number;
  /** Adds drafts, up to each request's `maxDrafts`, to the first `count` of `requests`. */
  propose(requests: readonly DraftRequest[], count: number): void;
  /** The request is `length` tokens long now; of its last drafts those that it did not take were wrong. */
  verified?(request: DraftRequest): void;
  /** The request lost its row and blocks. */
  released?(request: DraftRequest): void;
  /** The request is over. */
  forget(request: DraftRequest): void;
}
