// How much memory the KV cache gets: on the host a modest multiple of the model, on a GPU what is left of the engine's share.
import { type BackendInfo, type DedicatedMemory, OctavoError } from "@octavo/core";
import { type BlockNeeds, mostBlocks } from "@octavo/kv-cache";
import type { EngineOptions } from "./engine-options.js";
import { resolveUtilization } from "./memory-options.js";
import { wholeNumber } from "./option-values.js";

/** What an engine needs beside its KV cache. */
export interface MemoryNeeds {
  readonly weightBytes: number;
  readonly workspaceBytes: number;
  readonly tableBytes: number;
  readonly hasGraphs: boolean;
  /** KV cache of one request of the longest length; 0 where the length follows from the cache. */
  readonly oneRequestBytes: number;
}

/** What decides how much a request keeps. */
export interface KvNeed extends BlockNeeds {
  readonly maxModelLen: number;
  /** Of one block. */
  readonly blockBytes: number;
}

/** Bytes of the blocks that a request of so many tokens holds, and of block 0, which is never given out. */
export function requestBytes(tokens: number, needs: Omit<KvNeed, "maxModelLen">): number {
  return (1 + mostBlocks(tokens, needs)) * needs.blockBytes;
}

const MIB = 2 ** 20;
const MIN_DEFAULT_KV_BYTES = 256 * MIB;
const MAX_DEFAULT_KV_BYTES = 4096 * MIB;
/** Room for the graphs of all buckets of a model of 80 layers. */
const GRAPH_BYTES = 256 * MIB;

/** Bytes for the KV cache. @throws INVALID_ARGUMENT; OUT_OF_MEMORY when nothing is left */
export function kvBudget(options: EngineOptions, needs: MemoryNeeds, backend: BackendInfo): number {
  const asked = options.kvCacheMemoryBytes;
  if (asked !== undefined) return wholeNumber("kvCacheMemoryBytes", asked, Number.MAX_SAFE_INTEGER);
  return backend.dedicated ? ofShare(options, needs, backend.dedicated) : ofHost(needs, backend.availableBytes);
}

/** Refuses a KV cache that no device of this kind can hold; what is free right now shows when it is allocated. @throws OUT_OF_MEMORY */
export function checkDevice(kvCacheBytes: number, { dedicated, availableBytes }: BackendInfo): void {
  const most = dedicated?.totalBytes ?? availableBytes;
  if (kvCacheBytes <= most) return;
  throw new OctavoError({
    code: "OUT_OF_MEMORY",
    message:
      `a KV cache of ${mibUp(kvCacheBytes)} was asked for, ${dedicated ? "the GPU has" : "free are"} ${mibOf(most)}: ` +
      "set kv_cache_memory_bytes lower",
    param: "kv_cache_memory_bytes",
  });
}

/**
 * Checks, before anything is loaded, that the engine's share of a GPU is free.
 * @param describe who holds the memory, in words
 * @throws OUT_OF_MEMORY that says who holds what and which share would be free
 */
export function checkShare(options: EngineOptions, backend: BackendInfo, describe: () => string): void {
  if (!backend.dedicated || options.kvCacheMemoryBytes !== undefined) return;
  const { totalBytes, contextBytes } = backend.dedicated;
  const share = shareOf(options, backend.dedicated);
  const reachable = backend.availableBytes + contextBytes;
  if (share <= reachable) return;
  const largest = Math.floor((100 * reachable) / totalBytes) / 100;
  const lower = largest > 0 ? `, set gpu_memory_utilization to at most ${largest},` : "";
  throw new OctavoError({
    code: "OUT_OF_MEMORY",
    message:
      `gpu_memory_utilization ${resolveUtilization(options)} asks for ${mibUp(share)} of the GPU's ${mibOf(totalBytes)}, but only ${mibOf(reachable)} ` +
      `can be had: ${describe()}. Stop the others${lower} or set kv_cache_memory_bytes, which goes before a share`,
    param: "gpu_memory_utilization",
  });
}

/** The part of a GPU's memory that an engine may have. @throws INVALID_ARGUMENT */
export function shareOf(options: EngineOptions, { totalBytes }: DedicatedMemory): number {
  return Math.floor(resolveUtilization(options) * totalBytes);
}

function ofShare(options: EngineOptions, needs: MemoryNeeds, memory: DedicatedMemory): number {
  const { weightBytes, workspaceBytes, tableBytes, hasGraphs } = needs;
  const share = shareOf(options, memory);
  const graphBytes = hasGraphs ? GRAPH_BYTES : 0;
  const left = share - memory.contextBytes - weightBytes - workspaceBytes - tableBytes - graphBytes;
  if (left > 0) return left;
  throw new OctavoError({
    code: "OUT_OF_MEMORY",
    message:
      `nothing is left for the KV cache: gpu_memory_utilization ${resolveUtilization(options)} is ${mibOf(share)}, of which weights take ` +
      `${mibUp(weightBytes)}, the workspace ${mibUp(workspaceBytes)}, tables ${mibUp(tableBytes)}, CUDA's context ${mibUp(memory.contextBytes)} ` +
      `and graphs up to ${mibUp(graphBytes)}; raise it, or lower max_num_batched_tokens or max_num_seqs`,
    param: "gpu_memory_utilization",
  });
}

function ofHost(needs: MemoryNeeds, availableBytes: number): number {
  const { weightBytes, workspaceBytes, tableBytes, oneRequestBytes } = needs;
  const free = availableBytes - weightBytes - workspaceBytes - tableBytes;
  if (free <= 0) {
    throw new OctavoError({
      code: "OUT_OF_MEMORY",
      message:
        `weights (${mibUp(weightBytes)}), the workspace (${mibUp(workspaceBytes)}) and tables (${mibUp(tableBytes)}) need more than the ` +
        `${mibOf(availableBytes)} that are free; lower max_num_batched_tokens or max_num_seqs`,
      param: "max_num_batched_tokens",
    });
  }
  const byModel = Math.min(Math.max(4 * weightBytes, MIN_DEFAULT_KV_BYTES), MAX_DEFAULT_KV_BYTES);
  return Math.min(Math.max(byModel, oneRequestBytes), free / 2);
}

/** For messages: of what is needed, never less than it is. */
export function mibUp(bytes: number): string {
  return inMib(bytes, Math.ceil);
}

/** For messages: of what there is, never more than it is. */
export function mibOf(bytes: number): string {
  return inMib(bytes, Math.floor);
}

/** Small numbers with a digit after the point: of 1.2 MiB neither 1 nor 2 says what is missing. */
function inMib(bytes: number, round: (value: number) => number): string {
  if (bytes < MIB) return `${bytes} bytes`;
  const digits = bytes < 100 * MIB ? 10 : 1;
  return `${round((digits * bytes) / MIB) / digits} MiB`;
}
