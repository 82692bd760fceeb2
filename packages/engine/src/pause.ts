// Pauses as users ask for them.
import { checkArgument } from "@octavo/core";
import { checkKeys } from "./known-keys.js";

/** What becomes of the requests that are there: they end with what they have, they go on to their end, or they stay where they are. */
export type PauseMode = "abort" | "wait" | "keep";

export interface PauseOptions {
  /** Default "abort", as in vLLM. */
  readonly mode?: PauseMode;
  /** Forget the prefix cache, whose content belongs to the weights as they were. Default true. */
  readonly clearCache?: boolean;
}

const MODES: readonly PauseMode[] = ["abort", "wait", "keep"];

/** @throws INVALID_ARGUMENT */
export function resolvePause(options: PauseOptions): Required<PauseOptions> {
  checkKeys(options, { mode: true, clearCache: true }, "pause option");
  const { mode = "abort", clearCache = true } = options;
  checkArgument(MODES.includes(mode), `mode must be one of ${MODES.join(", ")}, got ${JSON.stringify(mode)}`, "mode");
  checkArgument(typeof clearCache === "boolean", `clear_cache must be true or false, got ${clearCache}`, "clear_cache");
  return { mode, clearCache };
}
