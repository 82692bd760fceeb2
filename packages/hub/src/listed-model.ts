// The first half of every call for a model: the host's listing of it, or the cache where that must do.
import { findInCache } from "./cache/find-in-cache.js";
import { RepoFolder } from "./cache/repo-folder.js";
import { type Environment, isOffline, proxiesOf } from "./environment.js";
import type { Listing, ModelHost } from "./hosts/host.js";
import { openHost } from "./hosts/open-host.js";
import { HttpClient } from "./http/client.js";
import { RetryableError, withRetries } from "./http/retry.js";
import { HubError } from "./hub-error.js";
import { checkRevision, isCommit } from "./names.js";
import { formatReference, type HubReference } from "./reference.js";
import type { PulledModel, Wanted } from "./select/wanted.js";

/** How a model is asked for, whatever is wanted of it. */
export interface AskOptions {
  /** Branch, tag or commit. Default: the reference's, then the host's default branch. */
  readonly revision?: string;
  /** A cache in Python's layout. Default: `HF_HUB_CACHE`, then below `HF_HOME`, then `~/.cache/huggingface/hub`. */
  readonly cacheDir?: string;
  /** Default: `HF_TOKEN`, then the file that `hf auth login` wrote. */
  readonly token?: string;
  /** Ends it; the next call goes on from there. */
  readonly signal?: AbortSignal;
  /** Where variables are read. Default `process.env`. */
  readonly env?: Environment;
  /** Milliseconds before a failed request is tried again; twice as many each time. Default 500. */
  readonly retryDelayMs?: number;
}

/** A model that its host lists. */
export interface ListedModel {
  readonly host: ModelHost;
  readonly client: HttpClient;
  /** Its place in the cache. */
  readonly repo: RepoFolder;
  readonly revision: string;
  readonly listing: Listing;
  readonly wanted: Wanted;
}

/** Attempts for a file of it. */
export const ATTEMPTS = 6;
export const RETRY_DELAY_MS = 500;
const LIST_ATTEMPTS = 3;

/**
 * Asks the host and gives what it lists to `use`; or returns what the cache has: offline, where a commit is complete there, and with a
 * warning where the host does not answer.
 * @throws HubError; INVALID_ARGUMENT for a revision that git could not have; the signal's reason; what `use` throws
 */
export async function withListing<T>(
  reference: HubReference,
  options: AskOptions & Pick<Wanted, "include" | "exclude" | "weights">,
  use: (model: ListedModel) => Promise<T>,
): Promise<T | PulledModel> {
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
  return await use({ host, client, repo, revision, listing, wanted });
}

async function list(
  host: ModelHost,
  client: HttpClient,
  id: string,
  revision: string,
  attempts: number,
  { signal, retryDelayMs: delayMs = RETRY_DELAY_MS }: AskOptions,
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
