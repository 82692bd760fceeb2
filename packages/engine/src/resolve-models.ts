// The models that an engine needs, as local paths: those of a hub are downloaded first, on the caller's thread.
import { type PullOptions, resolveModel } from "@octavo/hub";
import type { EngineOptions } from "./engine-options.js";

export interface ResolvedModels {
  readonly model: string;
  readonly tokenizer: string;
  /** For the engine's thread, which downloads nothing. */
  readonly options: EngineOptions;
}

/** @throws DOWNLOAD that says what to do; INVALID_ARGUMENT for a name or revision that cannot be */
export async function resolveModels(model: string, options: EngineOptions): Promise<ResolvedModels> {
  const { revision, tokenizer, tokenizerRevision, downloadDir, hfToken, onDownloadProgress, ...others } = options;
  const pull: PullOptions = { cacheDir: downloadDir, token: hfToken, onProgress: onDownloadProgress };
  const hasWeights = others.loadFormat !== "dummy";
  const path = await resolveModel(model, { ...pull, revision, weights: hasWeights });
  const needsTokenizer = !others.skipTokenizerInit && (tokenizer ?? tokenizerRevision) !== undefined;
  const ownRevision = tokenizerRevision ?? (tokenizer === undefined ? revision : undefined);
  const tokenizerPath = needsTokenizer
    ? await resolveModel(tokenizer ?? model, { ...pull, revision: ownRevision, weights: false })
    : path;
  return { model: path, tokenizer: tokenizerPath, options: await resolveDraft(others, pull) };
}

/** The model that drafts, where there is one. */
async function resolveDraft(options: EngineOptions, pull: PullOptions): Promise<EngineOptions> {
  const draft = options.speculativeConfig?.model;
  if (draft === undefined) return options;
  const model = await resolveModel(draft, pull);
  return { ...options, speculativeConfig: { ...options.speculativeConfig, model } };
}
