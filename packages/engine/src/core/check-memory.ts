// Whether a model fits, before minutes of loading: what it needs at least against what is there. The workspace is known only to the
// loaded model; `resolveSizes` counts that, too.
import { type BackendInfo, OctavoError } from "@octavo/core";
import { type BlockNeeds, longestSequence, mostBlocks } from "@octavo/kv-cache";
import type { WeightNeed } from "@octavo/models";
import type { EngineOptions } from "../engine-options.js";
import { mibOf, mibUp, shareOf } from "../kv-budget.js";

/** What the KV cache holds at least. */
export interface KvNeed extends BlockNeeds {
  readonly maxModelLen: number;
  /** Of one block. */
  readonly blockBytes: number;
}

/** @throws OUT_OF_MEMORY with what is needed, what is there and which options change either */
export function checkMemory(
  path: string,
  options: EngineOptions,
  { weightBytes, dtype }: WeightNeed,
  kv: KvNeed,
  backend: BackendInfo,
): void {
  const room = roomOf(options, backend);
  const left = room.bytes - weightBytes;
  const isAuto = options.maxModelLen === "auto";
  const blocks = 1 + mostBlocks(isAuto ? 1 : kv.maxModelLen, kv); // block 0 is never given out
  const kvBytes = blocks * kv.blockBytes;
  // Without an order, half of what weights leave on a host is for others.
  const isHalved = options.kvCacheMemoryBytes === undefined && backend.dedicated === undefined;
  const forKv = isHalved ? left / 2 : left;
  if (forKv >= kvBytes) return;
  const fits = longestSequence(Math.max(0, Math.floor(forKv / kv.blockBytes) - 1), kv);
  const kept = isHalved ? ", half of what weights leave is for the KV cache" : "";
  throw new OctavoError({
    code: "OUT_OF_MEMORY",
    message:
      `${path} needs at least ${mibUp(weightBytes + kvBytes)}: weights ${mibUp(weightBytes)} in ${dtype}, ` +
      `the KV cache of one request of max_model_len ${isAuto ? "auto" : kv.maxModelLen} ${mibUp(kvBytes)}; ` +
      `${room.what}${kept}. ${adviceOf(fits, dtype)}, or ${room.advice}`,
    param: fits > 0 ? "max_model_len" : room.param,
  });
}

interface Room {
  readonly bytes: number;
  /** In words: what it is, and how there could be more. */
  readonly what: string;
  readonly advice: string;
  readonly param: string;
}

function roomOf(options: EngineOptions, { dedicated, availableBytes }: BackendInfo): Room {
  if (dedicated === undefined) {
    const what = `${mibOf(availableBytes)} of memory are free`;
    return { bytes: availableBytes, what, advice: "end other programs", param: "model" };
  }
  if (options.kvCacheMemoryBytes !== undefined) {
    const what = `${mibOf(availableBytes)} of the GPU are free`;
    return { bytes: availableBytes, what, advice: "stop what else runs on it", param: "model" };
  }
  const share = shareOf(options, dedicated);
  return {
    bytes: share - dedicated.contextBytes,
    what: `the engine's share of the GPU is ${mibOf(share)}, of which CUDA's context takes ${mibUp(dedicated.contextBytes)}`,
    advice: "raise gpu_memory_utilization",
    param: "gpu_memory_utilization",
  };
}

function adviceOf(fits: number, dtype: string): string {
  if (fits > 0) return `Set max_model_len to at most ${fits} (or auto)`;
  const halved = dtype === "float32" ? "Set dtype to bfloat16, which halves the weights, take " : "Take ";
  return `${halved}the model in a smaller quantization (a GGUF file, such as Q4_K_M)`;
}
