// What users may set when they load an engine.
import { checkArgument, type FloatDType } from "@octavo/core";
import type { GenerationDefaults, LoadFormat } from "@octavo/models";
import type { SchedulingPolicyName } from "@octavo/scheduler";
import type { ModelLocation } from "./model-location.js";
import type { LogitsProcessor } from "./processors/logits-processor.js";
import type { SpeculativeConfig } from "./speculation/speculative-config.js";

/** vLLM's names. */
export const LOGPROBS_MODES = ["raw_logprobs", "processed_logprobs", "raw_logits", "processed_logits"] as const;

export type LogprobsMode = (typeof LOGPROBS_MODES)[number];

/** vLLM's names. */
export const RUNNERS = ["auto", "generate", "pooling"] as const;

export type Runner = (typeof RUNNERS)[number];

/** Options of {@link LLM.load}; the server's flags have the same names in vLLM's spelling. */
export interface EngineOptions extends ModelLocation {
  /** "auto" takes a GPU where @octavo/kernels-cuda is built and finds one, else the CPU. Default "auto". */
  readonly device?: "auto" | "cpu" | "cuda" | "null" | "reference";
  /**
   * Whether the model generates, or makes embeddings ("pooling"). Default "auto": it makes embeddings if it is an encoder, or if its
   * folder has sentence-transformers' modules.json.
   */
  readonly runner?: Runner;
  /** Activations, KV cache and weights. Default "auto": as the checkpoint says. */
  readonly dtype?: FloatDType | "auto" | "half" | "float";
  /** Where weights come from; "dummy" makes random ones from the config alone. Default "auto": the model's files. */
  readonly loadFormat?: LoadFormat;
  /** Decode the block formats of a GGUF file to `dtype`: exact, but larger and slower. Default false: computed as they are where the backend can. */
  readonly dequantize?: boolean;
  /** Go without a tokenizer: prompts are token ids, outputs have no text. Default: only where dummy weights have no tokenizer.json. */
  readonly skipTokenizerInit?: boolean;
  /** Tokens that prompt and output may have together; "auto": what the KV cache holds, up to the model's limit. Default: that limit. */
  readonly maxModelLen?: number | "auto";
  /** Requests that run at once. Default 256, or `maxNumBatchedTokens` if that is less. */
  readonly maxNumSeqs?: number;
  /** Tokens a step computes at most. Default 2048, or `maxNumSeqs` if that is more. */
  readonly maxNumBatchedTokens?: number;
  /** Requests that may be in flight, running or waiting; more are refused with QUEUE_FULL. Default 4096. */
  readonly maxNumQueuedReqs?: number;
  /**
   * Prompt tokens of requests that wait for their first token; more are refused with QUEUE_FULL. About the time to the first token
   * that you accept, times the prompt tokens a second that the engine computes. Default: no bound.
   */
  readonly maxNumQueuedTokens?: number;
  /**
   * Who is served first: "fcfs" (who came first), "priority" (lower `priority` first, and it takes memory from others) or "fairness"
   * (tenants get equal shares). Default "fcfs".
   */
  readonly schedulingPolicy?: SchedulingPolicyName;
  /**
   * Longer prompts are long ones, and one request computes at most so many tokens a step. 0: no bound, or 4 % of `maxModelLen` with
   * `maxNumPartialPrefills` above 1. Default 0.
   */
  readonly longPrefillTokenThreshold?: number;
  /** Requests that may be in the middle of their prompts at once. Default: no bound. */
  readonly maxNumPartialPrefills?: number;
  /** Long ones of these; if less than `maxNumPartialPrefills`, short prompts pass long ones in the queue. Default: no bound. */
  readonly maxLongPartialPrefills?: number;
  /**
   * Compute long prompts in parts, over several steps. Default true; false computes each in one step, for which `maxNumBatchedTokens`
   * must reach `maxModelLen`, its default then; only prompts whose logprobs are asked for may still be cut.
   */
  readonly enableChunkedPrefill?: boolean;
  /**
   * Milliseconds that others may wait for their next token because of a prompt: prompts are computed in chunks that take no longer,
   * as learnt from measured steps. 0: no target. Default 0.
   */
  readonly maxInterTokenLatencyMs?: number;
  /**
   * Memory for the KV cache. Default on a GPU: what `gpuMemoryUtilization` leaves. Default on the CPU: four times the weights, but
   * 256 MiB to 4 GiB, room for one request of `maxModelLen`, and at most half of what is free; taken as the cache fills. Never more
   * than `maxNumSeqs` requests can use.
   */
  readonly kvCacheMemoryBytes?: number;
  /**
   * Share of a GPU's whole memory that this engine may have, for weights, KV cache, workspace, graphs and what the driver keeps for
   * it. What other processes hold does not change it. Default 0.9.
   */
  readonly gpuMemoryUtilization?: number;
  /**
   * Host memory, in GiB, for cached blocks that the KV cache must give up; they are copied back when a prompt begins with them. Needs
   * `enablePrefixCaching`. Default 0: none.
   */
  readonly kvOffloadingSize?: number;
  /**
   * A file, not there yet, for blocks that host memory must give up; needs `kvOffloadingSize`. Its name is removed at once, and its
   * content is gone with the engine. Default: none.
   */
  readonly kvOffloadingFile?: string;
  /** Its size in GiB. Default 16. */
  readonly kvOffloadingFileSize?: number;
  /**
   * Where the sampling parameters that a request leaves out come from: "auto": the model's generation_config.json; "vllm": only
   * {@link SamplingParams}' defaults; or a folder, whose generation_config.json also names the end tokens. Default "auto".
   */
  readonly generationConfig?: string;
  /** Goes before what `generationConfig` says, field by field. `maxNewTokens` bounds every output. Default: nothing. */
  readonly overrideGenerationConfig?: GenerationDefaults;
  /**
   * Makes requests without a seed of their own reproducible: each gets one that follows from this and from how many of them came before.
   * A signed integer of 64 bits. Default, and for -1: they sample anew each time.
   */
  readonly seed?: number | bigint;
  /** `streamInterval` of requests that leave it out. Default 1. */
  readonly streamInterval?: number;
  /** Most likely tokens that a request may ask to see with `logprobs` and `promptLogprobs`; -1: the whole vocabulary. Default 20. */
  readonly maxLogprobs?: number;
  /**
   * What logprobs are: of the model's own logits ("raw"), or after penalties, edits, temperature and filters ("processed"; a prompt's
   * tokens have none of these); the logarithms of probabilities, or the logits themselves. Default "raw_logprobs".
   */
  readonly logprobsMode?: LogprobsMode;
  /**
   * Custom logits processors, in the order in which they run: modules (file paths or package names, `module:name` for another export
   * than the default one), loaded on the engine's thread; with `thread: false` functions, too. Default: none.
   */
  readonly logitsProcessors?: readonly (string | LogitsProcessor)[];
  /** Tokens a KV block. Default: what the backend advises. */
  readonly blockSize?: number;
  /** Keep all blocks of all layers, also those that no token of a layer with a window sees any more. Default false. */
  readonly disableHybridKvCacheManager?: boolean;
  /** Reuse the KV blocks of equal prompt beginnings. Default true. */
  readonly enablePrefixCaching?: boolean;
  /** Plan the next step while the device runs one. Default: where the device runs beside the host. Same tokens either way. */
  readonly asyncScheduling?: boolean;
  /** Never capture CUDA graphs: decode steps launch op by op. Same tokens, slower. Default false. */
  readonly enforceEager?: boolean;
  /** On a GPU: a request's tokens do not depend on what else runs, at some cost. Default: `OCTAVO_BATCH_INVARIANT=1`, else false. */
  readonly batchInvariant?: boolean;
  /** Verify several tokens of a request in one step: same tokens, often faster. Default: none. */
  readonly speculativeConfig?: SpeculativeConfig;
  /** Run the engine on its own thread. Default true; false runs it between the events of the calling thread. */
  readonly thread?: boolean;
  /**
   * A class whose methods {@link LLM.collectiveRpc} can call, in the engine's thread: a package or a path of a module, `module:Name`
   * for an export that is not the default one.
   */
  readonly workerExtensionCls?: string;
  /** Threads of the CPU backend. Default: `OCTAVO_NUM_THREADS`, then the CPU quota. */
  readonly numThreads?: number;
}

export function resolveLogprobsMode({ logprobsMode = "raw_logprobs" }: EngineOptions): LogprobsMode {
  checkArgument(
    LOGPROBS_MODES.includes(logprobsMode),
    () => `logprobs_mode must be one of ${LOGPROBS_MODES.join(", ")}, got "${logprobsMode}"`,
    "logprobs_mode",
  );
  return logprobsMode;
}

export function resolveRunner({ runner = "auto" }: EngineOptions): Runner {
  checkArgument(
    RUNNERS.includes(runner),
    () => `runner must be one of ${RUNNERS.join(", ")}, got "${runner}"`,
    "runner",
  );
  return runner;
}
