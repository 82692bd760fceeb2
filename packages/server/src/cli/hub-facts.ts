// What the environment says of models by name, for `octavo doctor`; nothing is asked of the network.
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type Environment, huggingFaceSettings, isOffline, scanCache } from "@octavo/hub";
import type { HubFacts } from "./doctor.js";

export function hubFacts(env: Environment): HubFacts {
  const { cacheDir, endpoint, token } = huggingFaceSettings(env);
  const models = scanCache(cacheDir);
  return {
    cacheDir,
    freeBytes: freeBytes(cacheDir),
    models: models.length,
    modelBytes: models.reduce((sum, { bytes }) => sum + bytes, 0),
    endpoint,
    hasToken: token !== undefined,
    offline: isOffline(env),
  };
}

/** Of the disk that the folder is on, or will be. */
function freeBytes(folder: string): number | null {
  if (!existsSync(folder)) return folder === dirname(folder) ? null : freeBytes(dirname(folder));
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
