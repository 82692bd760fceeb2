// What the server, the offline API and every other user of an engine sees: prompts in, pieces of text out.
import type { DedicatedMemory, MemoryPurpose, OctavoError } from "@octavo/core";
import type { GenerationDefaults } from "@octavo/models";
import type { Tokenizer } from "@octavo/tokenizer";
import type { KvCacheEvent } from "./kv-events.js";
import type { Prompt } from "./prompt.js";
import type { SamplingParams } from "./sampling-params.js";

/** Facts about a loaded engine. */
export interface EngineInfo {
  /** The model's folder or GGUF file. */
  readonly model: string;
  readonly architecture: string;
  /** The backend's own words, such as "AVX2, 2 threads". */
  readonly device: string;
  readonly dtype: string;
  readonly vocabSize: number;
  /** Tokens that prompt and output may have together. */
  readonly maxModelLen: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  /** Most likely tokens that a request may ask to see. */
  readonly maxLogprobs: number;
  readonly blockSize: number;
  readonly numBlocks: number;
  /** Of all weights, mapped ones too. */
  readonly weightBytes: number;
  readonly kvCacheBytes: number;
  /** Host memory for blocks that the KV cache must give up. */
  readonly kvOffloadingBytes: number;
  /** Bytes held on the device by purpose, when loaded, mapped files not counted; graphs come later, see {@link EngineStats.graphBytes}. */
  readonly memory: Readonly<Record<MemoryPurpose, number>>;
  /** On a GPU: its memory, and the share of it that this engine may have; none where `kvCacheMemoryBytes` was given. */
  readonly dedicated?: DedicatedMemory & { readonly shareBytes?: number };
  readonly loadSeconds: number;
  readonly generationDefaults: GenerationDefaults;
}

/** The engine's state and counters since its start, as of the last step. */
export interface EngineStats {
  readonly numRunning: number;
  readonly numWaiting: number;
  readonly kvBlocksUsed: number;
  readonly kvBlocksTotal: number;
  /** Tokens looked up in the prefix cache, and found. */
  readonly prefixCacheQueries: number;
  readonly prefixCacheHits: number;
  /** Tokens that the device's cache did not have, looked up in the other tiers (`kvOffloadingSize`), and found there. */
  readonly externalPrefixCacheQueries: number;
  readonly externalPrefixCacheHits: number;
  readonly numPreemptions: number;
  readonly promptTokens: number;
  readonly generationTokens: number;
  readonly steps: number;
  /** Bytes of the KV cache that were copied to host memory, and back. */
  readonly kvOffloadBytes: number;
  readonly kvLoadBytes: number;
  /** Captured graphs, and the device memory that the driver took for them (none where its pools had room). */
  readonly numGraphs: number;
  readonly graphBytes: number;
  /** Launched steps by their tokens, padding not counted: how many had up to 1, 2, 4, ... 2^14 tokens, and more. */
  readonly stepTokens: { readonly sum: number; readonly counts: readonly number[] };
}

export type FinishReason = "stop" | "length" | "abort";

export interface GenerateRequest {
  readonly prompt: Prompt;
  /** `n` must be 1 or left out: submit a request for each choice. */
  readonly params?: SamplingParams;
  /** Which of several outputs of this prompt it is: with one seed, each choice samples other tokens. Default 0. */
  readonly choice?: number;
  /**
   * A request of this engine that begins with the same tokens, such as another choice of the same prompt: they are computed once, and
   * the blocks that hold them are shared, whether or not the prefix cache is on.
   */
  readonly forkOf?: RequestStream;
  /** Aborts the request: its row and blocks are free within a step. */
  readonly signal?: AbortSignal;
}

export interface ResetPrefixCacheOptions {
  /** Also compute again what running requests hold, for example after a change of the weights. Default false: they go on as they are. */
  readonly resetRunningRequests?: boolean;
}

/** A token and how likely it was. */
export interface TokenLogprob {
  readonly tokenId: number;
  /** Its text by itself, special tokens too; U+FFFD for part of a character, `token_id:7` where there is no tokenizer. */
  readonly token: string;
  /** Natural logarithm of the probability that the model gave it, before temperature and filters; may be -Infinity. */
  readonly logprob: number;
  /** 1 for the most likely token. */
  readonly rank: number;
}

/** The token at one position, and those that were most likely there. */
export interface PositionLogprobs extends TokenLogprob {
  /** Most likely first, as many as were asked for; may hold the token itself. */
  readonly top: readonly TokenLogprob[];
}

/** What one step added to a request. */
export interface OutputChunk {
  /** Which of the request's `n` outputs it belongs to. */
  readonly index: number;
  /** Text that became certain; may be empty. Never half a character, never text after a stop string. */
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** One for each of `tokenIds`, where the request asks for them. */
  readonly logprobs?: readonly PositionLogprobs[] | undefined;
  readonly finishReason: FinishReason | null;
  /** The stop string or stop token id that ended the output; null for an end token, or when not stopped. */
  readonly stopReason: string | number | null;
}

/** A submitted request: iterate it once for its output. Leaving the loop early aborts the request. */
export interface RequestStream extends AsyncIterable<OutputChunk> {
  readonly promptTokenIds: Int32Array;
  /** Prompt tokens that the prefix cache had; known from the first chunk on. */
  readonly numCachedTokens: number;
  /** One for each prompt token, the first one null; complete from the first chunk on. Null where the request does not ask for them. */
  readonly promptLogprobs: readonly (PositionLogprobs | null)[] | null;
  /** Seconds from submission until it was first scheduled; known from the first chunk on. */
  readonly queueSeconds: number;
  abort(): void;
}

/**
 * A running engine. {@link LLM} is the one implementation; the server needs no more than this.
 */
export interface Engine extends AsyncDisposable {
  readonly info: EngineInfo;
  /** @throws INVALID_ARGUMENT where the engine has none (`skipTokenizerInit`): only token ids go in and out */
  readonly tokenizer: Tokenizer;
  readonly stats: EngineStats;
  /** Why the engine died, or null while it lives. */
  readonly failure: OctavoError | null;
  /**
   * Starts a request.
   * @throws INVALID_ARGUMENT (with `param`) for a bad prompt or parameter, QUEUE_FULL, ENGINE_DEAD: at once, not in the stream
   */
  submit(request: GenerateRequest): RequestStream;
  /**
   * Forgets all prefixes, in every tier: no request that is submitted from now on uses what was computed before. Done when fulfilled.
   */
  resetPrefixCache(options?: ResetPrefixCacheOptions): Promise<void>;
  /**
   * Tells `listener` what the prefix cache holds, then every change, at most once a step.
   * @returns ends it; while nobody listens, events cost nothing
   */
  onKvEvents(listener: (events: readonly KvCacheEvent[]) => void): () => void;
  /** Waits until no request is left. */
  idle(): Promise<void>;
  dispose(): Promise<void>;
}
