// A model from its host into the cache: what is there already is not fetched again, and a call that was cut goes on.
import { findInCache } from "./cache/find-in-cache.js";
import { RepoFolder } from "./cache/repo-folder.js";
import { downloadModel } from "./download/download-model.js";
import { Limit } from "./download/limit.js";
import { type OnProgress, Progress } from "./download/progress.js";
import { type Environment, isOffline, proxiesOf } from "./environment.js";
import type { Listing, ModelHost } from "./hosts/host.js";
import { openHost } from "./hosts/open-host.js";
import { HttpClient } from "./http/client.js";
import { RetryableError, withRetries } from "./http/retry.js";
import { HubError } from "./hub-error.js";
import { checkRevision, isCommit } from "./names.js";
import { formatReference, type HubReference } from "./reference.js";
import type { PulledModel, Wanted } from "./select/wanted.js";

export interface PullOptions {
  /** Branch, tag or commit. Default: the reference's, then the host's default branch. */
  readonly revision?: string;
  /** A cache in Python's layout. Default: `HF_HUB_CACHE`, then below `HF_HOME`, then `~/.cache/huggingface/hub`. */
  readonly cacheDir?: string;
  /** Default: `HF_TOKEN`, then the file that `hf auth login` wrote. */
  readonly token?: string;
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
  /** Ends it; the next call goes on from there. */
  readonly signal?: AbortSignal;
  /** Where variables are read. Default `process.env`. */
  readonly env?: Environment;
  /** Bytes that one connection fetches at a time. Default 64 MiB. */
  readonly pieceBytes?: number;
  /** Milliseconds before a failed request is tried again; twice as many each time. Default 500. */
  readonly retryDelayMs?: number;
}

const CONNECTIONS = 8;
const PIECE_BYTES = 64 * 2 ** 20;
const ATTEMPTS = 6;
const LIST_ATTEMPTS = 3;
const RETRY_DELAY_MS = 500;

/** @throws HubError; INVALID_ARGUMENT for a revision that git could not have; the signal's reason */
export async function pull(reference: HubReference, options: PullOptions = {}): Promise<PulledModel> {
  const { env = process.env, include, exclude, weights, signal } = options;
  const host = openHost(reference.host, env, options);
  const revision = options.revision ?? reference.revision ?? host.defaultRevision;
  checkRevision(revision);
  const repo = new RepoFolder(host.cacheDir, reference.id);
  const { id, file, quantization } = reference;
  const wanted: Wanted = { id, file, quantization, include, exclude, weights };
  if (isOffline(env)) return findInCache(repo, revision, wanted, "HF_HUB_OFFLINE is set");
  const cached = await findInCache(repo, revision, wanted, "").catch(() => undefined);
  // What patterns match cannot be known without a listing.
  if (isCommit(revision) && cached !== undefined && include === undefined) return cached;
  await using client = new HttpClient(host.endpoint, host.authorization, proxiesOf(env));
  signal?.throwIfAborted();
  let listing: Listing;
  try {
    listing = await list(host, client, id, revision, cached === undefined ? LIST_ATTEMPTS : 1, options);
  } catch (error) {
    if (cached === undefined || !(error instanceof HubError) || error.reason !== "network") throw error;
    // What is there is better than nothing, and was good when it came.
    const text = `${error.message} Going on with ${formatReference(reference)} as it is in the cache.`;
    process.emitWarning(text, { code: "OCTAVO_HUB_UNREACHABLE" });
    return cached;
  }
  const { connections = CONNECTIONS, pieceBytes = PIECE_BYTES, retryDelayMs: delayMs = RETRY_DELAY_MS } = options;
  const transfer = { connections: new Limit(connections), pieceBytes, attempts: ATTEMPTS, delayMs };
  const progress = new Progress(formatReference(reference), options.onProgress);
  return await downloadModel({ host, client, repo, revision, listing, wanted, transfer }, progress, signal);
}

async function list(
  host: ModelHost,
  client: HttpClient,
  id: string,
  revision: string,
  attempts: number,
  { signal, retryDelayMs: delayMs = RETRY_DELAY_MS }: PullOptions,
): Promise<Listing> {
  try {
    return await withRetries({ attempts, delayMs, signal }, () => host.list(client, id, revision, signal));
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    const advice =
      "check the network, HTTPS_PROXY and HF_ENDPOINT (of ms:// MODELSCOPE_ENDPOINT); models that are in the cache run without";
    throw new HubError("network", `${id} cannot be asked for: ${error.message}; ${advice}.`, {
      param: id,
      cause: error,
    });
  }
}
