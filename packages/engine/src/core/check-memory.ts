// Whether a model fits, before minutes of loading: what it needs at least against what is there. The workspace is known only to the
// loaded model; `resolveSizes` counts that, too.
import { type BackendInfo, OctavoError } from "@octavo/core";
import { longestSequence } from "@octavo/kv-cache";
import type { WeightNeed } from "@octavo/models";
import type { EngineOptions } from "../engine-options.js";
import { type KvNeed, mibOf, mibUp, requestBytes, shareOf } from "../kv-budget.js";

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
  const kvBytes = requestBytes(isAuto ? 1 : kv.maxModelLen, kv);
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

/**
 * Of an engine for embeddings.
 * @param kvBytes keys and values of one step's prompts; 0 of an encoder
 * @throws OUT_OF_MEMORY with what is needed and what is there
 */
export function checkPoolingMemory(
  path: string,
  { weightBytes, dtype }: WeightNeed,
  kvBytes: number,
  { dedicated, availableBytes }: BackendInfo,
): void {
  if (weightBytes + kvBytes <= availableBytes) return;
  const step = kvBytes === 0 ? "" : `, keys and values of a step's prompts ${mibUp(kvBytes)}`;
  const advice = weightBytes <= availableBytes ? "Lower max_num_batched_tokens" : adviceOf(0, dtype);
  throw new OctavoError({
    code: "OUT_OF_MEMORY",
    message:
      `${path} needs at least ${mibUp(weightBytes + kvBytes)}: weights ${mibUp(weightBytes)} in ${dtype}${step}; ` +
      `${mibOf(availableBytes)} of ${dedicated ? "the GPU" : "memory"} are free. ${advice}, or stop other programs`,
    param: weightBytes <= availableBytes ? "max_num_batched_tokens" : "model",
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
