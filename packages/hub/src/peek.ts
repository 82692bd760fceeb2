// What a model is, without its weights: its config and the headers of its files, in a folder that goes when it was looked at.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Limit } from "./download/limit.js";
import { fetchHeaders, type ModelHeaders } from "./headers/fetch-headers.js";
import { type AskOptions, ATTEMPTS, RETRY_DELAY_MS, withListing } from "./listed-model.js";
import type { HubReference } from "./reference.js";

/** What of a model is here to be looked at until `dispose`: all of it where the cache has it. */
export interface PeekedModel extends ModelHeaders, AsyncDisposable {}

const CONNECTIONS = 8;
const PIECE_BYTES = 2 ** 20;

/**
 * Reads of a model's files what says what they are: config, the beginning of safetensors and GGUF files, of vocabularies that they are
 * there. The cache is read and not written.
 * @throws HubError; UNSUPPORTED for weights in a PyTorch file that the cache lacks; CHECKPOINT for damaged headers; INVALID_ARGUMENT; the
 *   signal's reason
 */
export async function peek(reference: HubReference, options: AskOptions = {}): Promise<PeekedModel> {
  const { retryDelayMs: delayMs = RETRY_DELAY_MS, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), "octavo-headers-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const found = await withListing(reference, options, (model) => {
      const transfer = { connections: new Limit(CONNECTIONS), pieceBytes: PIECE_BYTES, attempts: ATTEMPTS, delayMs };
      return fetchHeaders({ ...model, transfer }, folder, signal);
    });
    return { bytesToDownload: 0, ...found, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
