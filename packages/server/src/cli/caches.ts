// The caches that `octavo list` and `octavo rm` see, and the models in them.
import { type CachedModel, huggingFaceSettings, modelScopeSettings, scanCache } from "@octavo/hub";

export interface ListedModel extends CachedModel {
  /** With `ms://` before it where it came from ModelScope. */
  readonly name: string;
}

/** @param downloadDir instead of the environment's caches */
export function listModels(downloadDir: string | undefined): ListedModel[] {
  const inCache = (folder: string, prefix: string) =>
    scanCache(folder).map((model): ListedModel => ({ name: prefix + model.id, ...model }));
  if (downloadDir !== undefined) return inCache(downloadDir, "");
  return [
    ...inCache(huggingFaceSettings(process.env).cacheDir, ""),
    ...inCache(modelScopeSettings(process.env).cacheDir, "ms://"),
  ];
}
