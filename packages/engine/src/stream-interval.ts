// `streamInterval`: how many tokens a chunk has, of a request or of those that leave it out.
import type { EngineOptions } from "./engine-options.js";
import { wholeNumber } from "./option-values.js";

/** Chunks are joined again with each token. */
export const MAX_STREAM_INTERVAL = 1024;

/** @throws INVALID_ARGUMENT */
export function resolveStreamInterval({ streamInterval = 1 }: EngineOptions): number {
  return wholeNumber("streamInterval", streamInterval, MAX_STREAM_INTERVAL);
}
