// What a KV cache that cannot hold one request is told as: how much is there and needed, and every option that would change either.
import { type BackendInfo, OctavoError } from "@octavo/core";
import type { EngineOptions } from "./engine-options.js";
import { mibOf, mibUp } from "./kv-budget.js";

export interface KvShortage {
  /** Bytes that there are, and tokens of one request that they hold. */
  readonly budget: number;
  readonly fits: number;
  /** Bytes of one request of this length; "auto": of the shortest. */
  readonly needed: number;
  readonly maxModelLen: number | "auto";
  /** Bytes of workspace and tables, which follow from the size of a step. */
  readonly stepBytes: number;
  /** Whether layers see a window: then a request holds a step's tokens beside it. */
  readonly hasWindow: boolean;
}

export function kvShortage(options: EngineOptions, backend: BackendInfo, shortage: KvShortage): OctavoError {
  const { budget, fits, needed, maxModelLen, stepBytes, hasWindow } = shortage;
  const isGiven = options.kvCacheMemoryBytes !== undefined;
  const isOfShare = backend.dedicated !== undefined && !isGiven;
  const request = maxModelLen === "auto" ? "the shortest request" : `one request of max_model_len ${maxModelLen}`;
  const advice = [
    ...(fits > 0 ? [`set max_model_len to at most ${fits} (or auto)`] : []),
    isOfShare ? "raise gpu_memory_utilization" : `set kv_cache_memory_bytes to at least ${needed}`,
    ...(isGiven
      ? []
      : [`lower max_num_batched_tokens or max_num_seqs, whose workspace takes ${mibUp(stepBytes)} beside it`]),
    ...(isGiven && hasWindow
      ? ["lower max_num_batched_tokens, of which a request holds so many beside its window"]
      : []),
  ];
  return new OctavoError({
    code: "OUT_OF_MEMORY",
    message: `the KV cache of ${mibOf(budget)} holds ${fits} tokens, ${request} needs ${mibUp(needed)}: ${advice.join(", or ")}`,
    param: fits > 0 && !isGiven ? "max_model_len" : isOfShare ? "gpu_memory_utilization" : "kv_cache_memory_bytes",
  });
}
