// A model from its host into the cache: what is there already is not fetched again, and a call that was cut goes on.
import { downloadModel } from "./download/download-model.js";
import { Limit } from "./download/limit.js";
import { type OnProgress, Progress } from "./download/progress.js";
import { type AskOptions, ATTEMPTS, RETRY_DELAY_MS, withListing } from "./listed-model.js";
import { formatReference, type HubReference } from "./reference.js";
import type { PulledModel } from "./select/wanted.js";

export interface PullOptions extends AskOptions {
  /** Patterns of the files to take, such as `*.json`. Default: what a model needs. */
  readonly include?: readonly string[];
  /** Patterns of files not to take. Default: none. */
  readonly exclude?: readonly string[];
  /** Whether weights are wanted, or config and tokenizer alone. Default true. */
  readonly weights?: boolean;
  /** Connections at once, for all files together. Default 8. */
  readonly connections?: number;
  /** Told how far it is, some 20 times a second. */
  readonly onProgress?: OnProgress;
  /** Bytes that one connection fetches at a time. Default 64 MiB. */
  readonly pieceBytes?: number;
}

const CONNECTIONS = 8;
const PIECE_BYTES = 64 * 2 ** 20;

/** @throws HubError; INVALID_ARGUMENT for a revision that git could not have; the signal's reason */
export async function pull(reference: HubReference, options: PullOptions = {}): Promise<PulledModel> {
  const { connections = CONNECTIONS, pieceBytes = PIECE_BYTES, retryDelayMs: delayMs = RETRY_DELAY_MS } = options;
  return withListing(reference, options, (model) => {
    const transfer = { connections: new Limit(connections), pieceBytes, attempts: ATTEMPTS, delayMs };
    const progress = new Progress(formatReference(reference), options.onProgress);
    return downloadModel({ ...model, transfer }, progress, options.signal);
  });
}
