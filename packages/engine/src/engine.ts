// What the server, the offline API and every other user of an engine sees: prompts in, pieces of text out.
import type { DedicatedMemory, MemoryPurpose, OctavoError } from "@octavo/core";
import type { GenerationDefaults, MatryoshkaDimensions } from "@octavo/models";
import type { SchedulingPolicyName } from "@octavo/scheduler";
import type { Tokenizer } from "@octavo/tokenizer";
import type { LogprobsMode } from "./engine-options.js";
import type { KvCacheEvent } from "./kv-events.js";
import type { PauseOptions } from "./pause.js";
import type { Prompt } from "./prompt.js";
import type { RequestOptions } from "./request-options.js";
import type { SamplingParams } from "./sampling-params.js";

/** Facts about a loaded engine. */
export interface EngineInfo {
  /** The model's folder or GGUF file. */
  readonly model: string;
  /** The name in config.json's `architectures`. */
  readonly architecture: string;
  /** The backend and its own words, such as "cpu (avx2, 2 threads)". */
  readonly device: string;
  /** Processes that compute a step together, each of which answers a `collectiveRpc`. One: there is no parallelism yet. */
  readonly worldSize: number;
  /** Of activations and KV cache, and of weights that are not in blocks. */
  readonly dtype: string;
  /** Logits a token has. */
  readonly vocabSize: number;
  /** Tokens that prompt and output may have together. */
  readonly maxModelLen: number;
  /** Requests that run at once. */
  readonly maxNumSeqs: number;
  /** Tokens a step computes at most. */
  readonly maxNumBatchedTokens: number;
  /** Most likely tokens that a request may ask to see. */
  readonly maxLogprobs: number;
  /** What logprobs are taken from. */
  readonly logprobsMode: LogprobsMode;
  /** Who is served first: "fcfs", "priority" or "fairness". */
  readonly schedulingPolicy: SchedulingPolicyName;
  /** Tokens a KV block. */
  readonly blockSize: number;
  /** KV blocks, the null block included. */
  readonly numBlocks: number;
  /**
   * For each group of layers that has block tables of its own, the tokens that a token sees, itself included: older blocks come free
   * while the request runs. Null: all. Most models have one group.
   */
  readonly slidingWindows: readonly (number | null)[];
  /** Of all weights, mapped ones too. */
  readonly weightBytes: number;
  /** Bytes of all KV blocks. */
  readonly kvCacheBytes: number;
  /** Host memory for blocks that the KV cache must give up. */
  readonly kvOffloadingBytes: number;
  /** Bytes held on the device by purpose, when loaded, mapped files not counted; graphs come later, see {@link EngineStats.graphBytes}. */
  readonly memory: Readonly<Record<MemoryPurpose, number>>;
  /** On a GPU: its memory, and the share of it that this engine may have; none where `kvCacheMemoryBytes` was given. */
  readonly dedicated?: DedicatedMemory & { readonly shareBytes?: number };
  /** From the call of `load` to the engine being ready. */
  readonly loadSeconds: number;
  /** What generation_config.json says, or options in its place: taken where a request leaves a parameter out. */
  readonly generationDefaults: GenerationDefaults;
  /** How a text becomes a vector; not given where the engine generates. */
  readonly pooling?: PoolingInfo;
}

/** Of an engine that makes embeddings. */
export interface PoolingInfo {
  /** The vector of the first token ("cls"), of the last one, or the mean of all. */
  readonly type: "cls" | "last" | "mean";
  /** Whether vectors have length 1. */
  readonly normalize: boolean;
  /** Elements of a vector. */
  readonly size: number;
  /** Which numbers of them `dimensions` may ask for: those that the model was trained for. "any": all; null: none but `size`. */
  readonly matryoshka: MatryoshkaDimensions;
}

/** The engine's state and counters since its start, as of the last step. */
export interface EngineStats {
  /** Requests in the batch. */
  readonly numRunning: number;
  /** Requests in the queue. */
  readonly numWaiting: number;
  /** KV blocks that requests hold. */
  readonly kvBlocksUsed: number;
  /** KV blocks that they can hold. */
  readonly kvBlocksTotal: number;
  /** Tokens looked up in the prefix cache. */
  readonly prefixCacheQueries: number;
  /** Of the tokens looked up, those that need not be computed. */
  readonly prefixCacheHits: number;
  /** Tokens that the device's cache did not have, looked up in the other tiers (`kvOffloadingSize`), and found there. */
  readonly externalPrefixCacheQueries: number;
  readonly externalPrefixCacheHits: number;
  /** Times that a request lost its KV blocks to an older one. */
  readonly numPreemptions: number;
  /** Prompt tokens, computed or cached, of requests that sampled their first token. */
  readonly promptTokens: number;
  /** Sampled tokens. */
  readonly generationTokens: number;
  /** Times that a request's drafts were verified, their tokens, and how many of those were right. */
  readonly numDrafts: number;
  readonly numDraftTokens: number;
  readonly numAcceptedTokens: number;
  /** Right ones by their place among the drafts; empty without speculation. */
  readonly numAcceptedTokensPerPos: readonly number[];
  /** Launched steps. */
  readonly steps: number;
  /** Bytes of the KV cache that were copied to host memory, and back. */
  readonly kvOffloadBytes: number;
  readonly kvLoadBytes: number;
  /** Captured graphs. */
  readonly numGraphs: number;
  /** Device memory that the driver took for them, in bytes; 0 where its pools had room. */
  readonly graphBytes: number;
  /** Launched steps by their tokens, padding not counted: how many had up to 1, 2, 4, ... 2^14 tokens, and more. */
  readonly stepTokens: { readonly sum: number; readonly counts: readonly number[] };
}

/** Why an output ended: an end token or stop string, `maxTokens` or the context, `repetitionDetection`, an abort. */
export type FinishReason = "stop" | "length" | "repetition" | "abort";

/** A prompt with its parameters. */
export interface GenerateRequest extends RequestOptions {
  /** Text, or token ids as they are. */
  readonly prompt: Prompt;
  /** `n` and `bestOf` must be 1 or left out: submit a request for each choice. */
  readonly params?: SamplingParams;
  /** Which of several outputs of this prompt it is: with one seed, each choice samples other tokens. Default 0. */
  readonly choice?: number;
  /**
   * A request of this engine that begins with the same tokens, such as another choice of the same prompt: they are computed once, and
   * the blocks that hold them are shared, whether or not the prefix cache is on.
   */
  readonly forkOf?: RequestStream;
}

export interface ResetPrefixCacheOptions {
  /** Also compute again what running requests hold, for example after a change of the weights. Default false: they go on as they are. */
  readonly resetRunningRequests?: boolean;
}

/** A token and how likely it was. */
export interface TokenLogprob {
  /** The token. */
  readonly tokenId: number;
  /** Its text by itself, special tokens too; U+FFFD for part of a character, `token_id:7` where there is no tokenizer. */
  readonly token: string;
  /** Its UTF-8 bytes, only where `token` cannot say them: it is part of a character. */
  readonly bytes?: Uint8Array;
  /**
   * Natural logarithm of the probability that the model gave it, before penalties, temperature and filters, or whatever else
   * `EngineOptions.logprobsMode` says; may be -Infinity.
   */
  readonly logprob: number;
  /** 1 for the most likely token. */
  readonly rank: number;
}

/** The token at one position, and those that were most likely there. */
export interface PositionLogprobs extends TokenLogprob {
  /** Most likely first, as many as were asked for; may hold the token itself. With `logprobTokenIds` those, in their order. */
  readonly top: readonly TokenLogprob[];
}

/** What one step added to a request, or several with `streamInterval`. */
export interface OutputChunk {
  /** Which of the request's `n` outputs it belongs to. */
  readonly index: number;
  /** Text that became certain; may be empty. Never half a character, never text after a stop string. */
  readonly text: string;
  /** Sampled tokens, end and stop tokens included. */
  readonly tokenIds: readonly number[];
  /** One for each of `tokenIds`, where the request asks for them. */
  readonly logprobs?: readonly PositionLogprobs[] | undefined;
  /** Null before the last chunk of an output. */
  readonly finishReason: FinishReason | null;
  /**
   * The stop string or stop token id that ended the output, "repetition_detected" or "timeout"; null for an end token, or when not
   * stopped.
   */
  readonly stopReason: string | number | null;
  /** The engine's `weightVersion` when the chunk came. */
  readonly weightVersion: string;
}

/** A submitted request: iterate it once for its output. Leaving the loop early aborts the request. */
export interface RequestStream extends AsyncIterable<OutputChunk> {
  /** As the model sees the prompt. */
  readonly promptTokenIds: Int32Array;
  /** Prompt tokens that the prefix cache had; known from the first chunk on. */
  readonly numCachedTokens: number;
  /** One for each prompt token, the first one null; complete from the first chunk on. Null where the request does not ask for them. */
  readonly promptLogprobs: readonly (PositionLogprobs | null)[] | null;
  /** Seconds from submission until it was first scheduled; known from the first chunk on. */
  readonly queueSeconds: number;
  /** Ends the request; its row and blocks are free within a step. */
  abort(): void;
}

/** What `embed` may be told. */
export interface EmbedOptions {
  /**
   * The first so many elements of each vector, of length 1 again where vectors are. Only of models that were trained for it (Matryoshka
   * representations, `info.pooling.matryoshka`). Default: all.
   */
  readonly dimensions?: number;
  /**
   * Longer prompts lose what is beyond; -1: beyond `maxModelLen`. A text keeps the special tokens around it. Default: a prompt that is
   * too long is an error.
   */
  readonly truncatePromptTokens?: number;
  /** Where they lose it: at the end ("right") or at the beginning ("left"). Default "right". */
  readonly truncationSide?: "left" | "right";
  /** With `schedulingPolicy: "priority"`: lower values are computed first. A whole number of 32 bits. Default 0. */
  readonly priority?: number;
  /** Milliseconds after which it fails with TIMEOUT; what is not computed by then is not. A whole number. Default: never. */
  readonly timeoutMs?: number;
  /** Ends it: what is not computed is not, and the call fails with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A prompt's vector. */
export interface EmbeddingOutput {
  /** Of `info.pooling.size` elements, or of `dimensions`. */
  readonly embedding: Float32Array;
  /** As the model saw the prompt, special tokens included. */
  readonly promptTokenIds: Int32Array;
}

/** What a beam search may be told. Sampling parameters have no meaning for it. */
export interface BeamSearchParams {
  /** Beams that go on after each token, and outputs that are returned. Default 4. */
  readonly beamWidth?: number;
  /** Tokens of each output at most. Default 16; `null`: up to the context's end. */
  readonly maxTokens?: number | null;
  /** Beams are ranked by cumulative logprob / length ** lengthPenalty, prompt counted and end token not, as in vLLM. Default 1. */
  readonly lengthPenalty?: number;
  /** Go on past the model's end tokens. Default false. */
  readonly ignoreEos?: boolean;
  /** Keep the end token's text. Default false. */
  readonly includeStopStrInOutput?: boolean;
  /** Leave special tokens out of the text. Default true. */
  readonly skipSpecialTokens?: boolean;
  /** Share cached prefixes only with requests of the same salt, not empty. Default: with those that have none. */
  readonly cacheSalt?: string;
}

/** One output of a beam search. */
export interface Beam {
  /** 0 for the best one. */
  readonly index: number;
  readonly text: string;
  /** With the end token, where there was one. */
  readonly tokenIds: readonly number[];
  /** One for each of `tokenIds`, with the alternatives that the search looked at. */
  readonly logprobs: readonly PositionLogprobs[];
  readonly cumulativeLogprob: number;
  /** What the beams are ranked by. */
  readonly score: number;
  readonly finishReason: FinishReason;
  /** Null unless its time was up. */
  readonly stopReason: "timeout" | null;
}

export interface BeamSearchOutput {
  readonly promptTokenIds: Int32Array;
  /** Best first. */
  readonly beams: readonly Beam[];
  /** The engine's `weightVersion` when their last tokens came. */
  readonly weightVersion: string;
}

/**
 * A running engine. {@link LLM} is the one implementation; the server needs no more than this.
 */
export interface Engine extends AsyncDisposable {
  /** Facts that do not change. */
  readonly info: EngineInfo;
  /** @throws INVALID_ARGUMENT where the engine has none (`skipTokenizerInit`): only token ids go in and out */
  readonly tokenizer: Tokenizer;
  /** Read anew at each access. */
  readonly stats: EngineStats;
  /** Why the engine died, or null while it lives. */
  readonly failure: OctavoError | null;
  /**
   * Starts a request.
   * @throws INVALID_ARGUMENT (with `param`) for a bad prompt or parameter, QUEUE_FULL, ENGINE_DEAD: at once, not in the stream
   */
  submit(request: GenerateRequest): RequestStream;
  /**
   * The `beamWidth` most likely outputs that a beam search finds.
   * @throws INVALID_ARGUMENT (with `param`), and what submit throws
   */
  beamSearch(prompt: Prompt, params?: BeamSearchParams, options?: RequestOptions): Promise<BeamSearchOutput>;
  /**
   * The vectors of prompts.
   * @throws INVALID_ARGUMENT (with `param`) for a prompt or option, or where the engine generates; QUEUE_FULL, TIMEOUT, ENGINE_DEAD; the
   *   signal's reason
   */
  embed(prompts: readonly Prompt[], options?: EmbedOptions): Promise<EmbeddingOutput[]>;
  /**
   * Holds back requests that come from now on, and does with those that are there as `mode` says. Fulfilled when the engine has come to
   * rest, or when `resume` was called before.
   */
  pause(options?: PauseOptions): Promise<void>;
  /** Ends a pause: requests that stayed go on where they were, and those that came queue up. */
  resume(): Promise<void>;
  readonly isPaused: boolean;
  /**
   * Calls a method in the engine's thread, between two steps, on every rank.
   * @param kwargs where given, the method's last argument
   * @returns what each rank's method returned
   * @throws INVALID_ARGUMENT for a method that there is not; what the method threw
   */
  collectiveRpc(method: string, args?: readonly unknown[], kwargs?: object): Promise<unknown[]>;
  /** A name for the weights, given by whoever changes them; every output carries it. Default "default". */
  weightVersion: string;
  /**
   * Forgets all prefixes, in every tier: no request that is submitted from now on uses what was computed before. Done when fulfilled.
   */
  resetPrefixCache(options?: ResetPrefixCacheOptions): Promise<void>;
  /**
   * Tells `listener` what the prefix cache holds, then every change, at most once a step. Of several groups of layers
   * ({@link EngineInfo.slidingWindows}) each has blocks and events of its own.
   * @returns ends it; while nobody listens, events cost nothing
   */
  onKvEvents(listener: (events: readonly KvCacheEvent[]) => void): () => void;
  /** Waits until no request is left. */
  idle(): Promise<void>;
  /** Ends the engine and frees its memory; what still runs fails with DISPOSED. */
  dispose(): Promise<void>;
}
