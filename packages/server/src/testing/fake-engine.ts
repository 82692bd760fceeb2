// An engine for tests: answers with a given text, one character a token, and remembers what it was asked.
import { OctavoError } from "@octavo/core";
import type {
  BeamSearchOutput,
  BeamSearchParams,
  EmbeddingOutput,
  EmbedOptions,
  Engine,
  EngineInfo,
  EngineStats,
  GenerateRequest,
  KvCacheEvent,
  OutputChunk,
  PauseOptions,
  PositionLogprobs,
  Prompt,
  RequestOptions,
  RequestStream,
  ResetPrefixCacheOptions,
} from "@octavo/engine";
import type { Tokenizer } from "@octavo/tokenizer";

export interface FakeEngineOptions {
  /** The answer. Default "Hello". */
  readonly text?: string;
  /** The answer of each choice of a request. Default: `text`. */
  readonly textOf?: (choice: number) => string;
  /** What logprobs say of a token's bytes. Default: nothing. */
  readonly bytesOf?: (tokenId: number) => Uint8Array;
  readonly maxModelLen?: number;
  /** Whether it makes embeddings. Default false. */
  readonly pooling?: boolean;
  readonly schedulingPolicy?: EngineInfo["schedulingPolicy"];
  /** Called before each token; a promise delays it, a throw ends the stream with that error. */
  readonly beforeToken?: (index: number) => Promise<void> | void;
  /** Thrown by submit. */
  readonly refuse?: OctavoError;
  /** How the last chunk ends. Default stop, null. */
  readonly finish?: Pick<OutputChunk, "finishReason" | "stopReason">;
}

const VOCAB_SIZE = 0x10000;

/** One id a UTF-16 unit; a chat is `role:content|` for each message, then `assistant:`. */
const tokenizer = {
  vocabSize: VOCAB_SIZE,
  maxCharsPerToken: 4,
  encode: (text: string) => Int32Array.from(text, (character) => character.charCodeAt(0)),
  encodeAsync: async (text: string) => Int32Array.from(text, (character) => character.charCodeAt(0)),
  decode: (ids: ArrayLike<number>) => String.fromCharCode(...Array.from(ids)),
  tokenOf: (id: number) => String.fromCharCode(id),
  async renderChatAsync(
    messages: readonly { role: string; content: string | { text: string }[] }[],
    options: { addGenerationPrompt?: boolean },
  ) {
    const text = messages.map(({ role, content }) => {
      const plain = typeof content === "string" ? content : content.map((part) => part.text).join("\n");
      return `${role}:${plain}|`;
    });
    return text.join("") + (options.addGenerationPrompt === false ? "" : "assistant:");
  },
} as unknown as Tokenizer;

/** Logprob -0.5; the alternatives are "A", "B" and so on with -1, -2 and so on, but the last one is impossible; or those named, all possible. */
function positionOf(tokenId: number, alternatives: number, named: readonly number[] = []): PositionLogprobs {
  const entry = (id: number, logprob: number, rank: number) => {
    return { tokenId: id, token: String.fromCharCode(id), logprob, rank };
  };
  const top = Array.from({ length: alternatives }, (_, i) => {
    return entry(65 + i, i + 1 === alternatives ? Number.NEGATIVE_INFINITY : -1 - i, i + 1);
  });
  const shown = named.length > 0 ? named.map((id, i) => entry(id, -1 - i, i + 1)) : top;
  return { ...entry(tokenId, -0.5, 7), top: shown };
}

export class FakeEngine implements Engine {
  readonly tokenizer = { ...tokenizer } as Tokenizer;
  readonly requests: GenerateRequest[] = [];
  readonly embedded: [prompts: readonly Prompt[], options: EmbedOptions][] = [];
  readonly searches: BeamSearchParams[] = [];
  readonly resets: ResetPrefixCacheOptions[] = [];
  readonly kvListeners = new Set<(events: readonly KvCacheEvent[]) => void>();
  readonly info: EngineInfo;
  failure: OctavoError | null = null;
  aborted = 0;
  running = 0;
  isPaused = false;
  weightVersion = "default";
  /** What pause and collectiveRpc were asked for. */
  readonly calls: unknown[] = [];
  stats: EngineStats = {
    numRunning: 3,
    numWaiting: 2,
    kvBlocksUsed: 25,
    kvBlocksTotal: 100,
    prefixCacheQueries: 50,
    prefixCacheHits: 20,
    externalPrefixCacheQueries: 30,
    externalPrefixCacheHits: 8,
    kvOffloadBytes: 4096,
    kvLoadBytes: 2048,
    numPreemptions: 1,
    promptTokens: 123,
    generationTokens: 456,
    numDrafts: 12,
    numDraftTokens: 40,
    numAcceptedTokens: 25,
    numAcceptedTokensPerPos: [11, 8, 6],
    steps: 9,
    numGraphs: 3,
    graphBytes: 7,
    stepTokens: { sum: 70, counts: [1, 0, 2, 0, 0, 0, 1, ...new Array(9).fill(0)] },
  };
  readonly #options: FakeEngineOptions;
  #disposed = false;

  constructor(options: FakeEngineOptions = {}) {
    this.#options = options;
    this.info = {
      model: "/models/fake",
      architecture: "FakeForCausalLM",
      device: "fake",
      worldSize: 1,
      dtype: "float32",
      vocabSize: VOCAB_SIZE,
      maxModelLen: options.maxModelLen ?? 1000,
      maxNumSeqs: 8,
      maxNumBatchedTokens: 64,
      maxLogprobs: 20,
      logprobsMode: "raw_logprobs",
      schedulingPolicy: options.schedulingPolicy ?? "fcfs",
      blockSize: 16,
      numBlocks: 100,
      slidingWindows: [null],
      weightBytes: 0,
      kvCacheBytes: 4096,
      kvOffloadingBytes: 0,
      memory: { weights: 1000, kv: 4096, workspace: 300, tables: 20, graphs: 0 },
      loadSeconds: 0,
      generationDefaults: {},
      ...(options.pooling && { pooling: { type: "mean", normalize: false, size: 4, matryoshka: "any" } }),
    } as EngineInfo;
  }

  submit(request: GenerateRequest): RequestStream {
    if (this.#options.refuse) throw this.#options.refuse;
    this.requests.push(request);
    this.running++;
    let over = false;
    const end = () => {
      if (!over) this.running--;
      over = true;
    };
    const abort = () => {
      if (over) return;
      this.aborted++;
      end();
    };
    const promptTokenIds = Int32Array.from(request.prompt as ArrayLike<number>);
    const { logprobs, promptLogprobs, logprobTokenIds } = request.params ?? {};
    return {
      promptTokenIds,
      numCachedTokens: Math.min(2, promptTokenIds.length - 1),
      queueSeconds: 0.0001,
      promptLogprobs:
        typeof promptLogprobs === "number"
          ? Array.from(promptTokenIds, (id, i) => (i === 0 ? null : positionOf(id, promptLogprobs)))
          : null,
      abort,
      [Symbol.asyncIterator]: () =>
        this.#chunks(() => over, end, logprobs ?? -1, logprobTokenIds ?? [], request.choice ?? 0),
    };
  }

  /** As many beams as asked for, all with the answer, each token of the next one half as likely. */
  async beamSearch(
    prompt: Prompt,
    params: BeamSearchParams = {},
    { signal }: RequestOptions = {},
  ): Promise<BeamSearchOutput> {
    const { text = "Hello", refuse } = this.#options;
    if (refuse) throw refuse;
    this.searches.push(params);
    const finishReason = signal?.aborted ? "abort" : "length";
    const tokenIds = Array.from(text, (character) => character.charCodeAt(0));
    const logprobs = tokenIds.map((id) => positionOf(id, 2 * (params.beamWidth ?? 4)));
    const beams = Array.from({ length: params.beamWidth ?? 4 }, (_, index) => {
      const cumulativeLogprob = -1 - index;
      return {
        index,
        text,
        tokenIds,
        logprobs,
        cumulativeLogprob,
        score: -index,
        finishReason,
        stopReason: null,
      } as const;
    });
    const { weightVersion } = this;
    return { promptTokenIds: Int32Array.from(prompt as ArrayLike<number>), beams, weightVersion };
  }

  /** Twice the number of tokens, then their sum, -1 and 0.5. */
  async embed(prompts: readonly Prompt[], options: EmbedOptions = {}): Promise<EmbeddingOutput[]> {
    if (this.#options.refuse) throw this.#options.refuse;
    this.embedded.push([prompts, options]);
    return prompts.map((prompt) => {
      const promptTokenIds = typeof prompt === "string" ? this.tokenizer.encode(prompt) : Int32Array.from(prompt);
      const sum = promptTokenIds.reduce((a, b) => a + b, 0);
      const embedding = Float32Array.of(2 * promptTokenIds.length, sum, -1, 0.5).slice(0, options.dimensions ?? 4);
      return { embedding, promptTokenIds };
    });
  }

  async pause(options: PauseOptions = {}): Promise<void> {
    this.calls.push(options);
    this.isPaused = true;
  }

  async resume(): Promise<void> {
    this.isPaused = false;
  }

  async collectiveRpc(method: string, args?: readonly unknown[], kwargs?: object): Promise<unknown[]> {
    this.calls.push([method, args, kwargs]);
    if (method === "forever") await new Promise(() => {});
    return [args?.[0]];
  }

  async resetPrefixCache(options: ResetPrefixCacheOptions): Promise<void> {
    this.resets.push(options);
  }

  onKvEvents(listener: (events: readonly KvCacheEvent[]) => void): () => void {
    this.kvListeners.add(listener);
    return () => void this.kvListeners.delete(listener);
  }

  async idle(): Promise<void> {}

  async dispose(): Promise<void> {
    this.#disposed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async *#chunks(
    isOver: () => boolean,
    end: () => void,
    logprobs: number,
    named: readonly number[],
    choice: number,
  ): AsyncGenerator<OutputChunk> {
    const { textOf, bytesOf, beforeToken, finish = { finishReason: "stop", stopReason: null } } = this.#options;
    const text = textOf?.(choice) ?? this.#options.text ?? "Hello";
    try {
      for (let i = 0; i < text.length && !isOver(); i++) {
        await beforeToken?.(i);
        if (this.#disposed) throw new OctavoError({ code: "DISPOSED", message: "disposed" });
        if (isOver()) break;
        const last = i === text.length - 1 ? finish : { finishReason: null, stopReason: null };
        const id = text.charCodeAt(i);
        const position = { ...positionOf(id, Math.max(logprobs, 0), named), ...(bytesOf && { bytes: bytesOf(id) }) };
        const scored = logprobs >= 0 || named.length > 0 ? { logprobs: [position] } : {};
        yield { index: 0, text: text[i]!, tokenIds: [id], ...scored, ...last, weightVersion: this.weightVersion };
      }
      if (isOver())
        yield {
          index: 0,
          text: "",
          tokenIds: [],
          finishReason: "abort",
          stopReason: null,
          weightVersion: this.weightVersion,
        };
    } finally {
      end();
    }
  }
}
