// An engine for tests: answers with a given text, one character a token, and remembers what it was asked.
import { OctavoError } from "@octavo/core";
import type {
  Engine,
  EngineInfo,
  EngineStats,
  GenerateRequest,
  KvCacheEvent,
  OutputChunk,
  PositionLogprobs,
  RequestStream,
  ResetPrefixCacheOptions,
} from "@octavo/engine";
import type { Tokenizer } from "@octavo/tokenizer";

export interface FakeEngineOptions {
  /** The answer. Default "Hello". */
  readonly text?: string;
  readonly maxModelLen?: number;
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
  decode: (ids: ArrayLike<number>) => String.fromCharCode(...Array.from(ids)),
  tokenOf: (id: number) => String.fromCharCode(id),
  renderChat(
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

/** Logprob -0.5; the alternatives are "A", "B" and so on with -1, -2 and so on, but the last one is impossible. */
function positionOf(tokenId: number, alternatives: number): PositionLogprobs {
  const entry = (id: number, logprob: number, rank: number) => {
    return { tokenId: id, token: String.fromCharCode(id), logprob, rank };
  };
  const top = Array.from({ length: alternatives }, (_, i) => {
    return entry(65 + i, i + 1 === alternatives ? Number.NEGATIVE_INFINITY : -1 - i, i + 1);
  });
  return { ...entry(tokenId, -0.5, 7), top };
}

export class FakeEngine implements Engine {
  readonly tokenizer = { ...tokenizer } as Tokenizer;
  readonly requests: GenerateRequest[] = [];
  readonly resets: ResetPrefixCacheOptions[] = [];
  readonly kvListeners = new Set<(events: readonly KvCacheEvent[]) => void>();
  readonly info: EngineInfo;
  failure: OctavoError | null = null;
  aborted = 0;
  running = 0;
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
      dtype: "float32",
      vocabSize: VOCAB_SIZE,
      maxModelLen: options.maxModelLen ?? 1000,
      maxNumSeqs: 8,
      maxNumBatchedTokens: 64,
      maxLogprobs: 20,
      blockSize: 16,
      numBlocks: 100,
      weightBytes: 0,
      kvCacheBytes: 4096,
      kvOffloadingBytes: 0,
      memory: { weights: 1000, kv: 4096, workspace: 300, tables: 20, graphs: 0 },
      loadSeconds: 0,
      generationDefaults: {},
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
    const { logprobs, promptLogprobs } = request.params ?? {};
    return {
      promptTokenIds,
      numCachedTokens: Math.min(2, promptTokenIds.length - 1),
      queueSeconds: 0.0001,
      promptLogprobs:
        typeof promptLogprobs === "number"
          ? Array.from(promptTokenIds, (id, i) => (i === 0 ? null : positionOf(id, promptLogprobs)))
          : null,
      abort,
      [Symbol.asyncIterator]: () => this.#chunks(() => over, end, logprobs ?? -1),
    };
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

  async *#chunks(isOver: () => boolean, end: () => void, logprobs: number): AsyncGenerator<OutputChunk> {
    const { text = "Hello", beforeToken, finish = { finishReason: "stop", stopReason: null } } = this.#options;
    try {
      for (let i = 0; i < text.length && !isOver(); i++) {
        await beforeToken?.(i);
        if (this.#disposed) throw new OctavoError({ code: "DISPOSED", message: "disposed" });
        if (isOver()) break;
        const last = i === text.length - 1 ? finish : { finishReason: null, stopReason: null };
        const id = text.charCodeAt(i);
        const scored = logprobs >= 0 ? { logprobs: [positionOf(id, logprobs)] } : {};
        yield { index: 0, text: text[i]!, tokenIds: [id], ...scored, ...last };
      }
      if (isOver()) yield { index: 0, text: "", tokenIds: [], finishReason: "abort", stopReason: null };
    } finally {
      end();
    }
  }
}
