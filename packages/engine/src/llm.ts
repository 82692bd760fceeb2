// The engine's face: loads a model, takes prompts, gives text. The server uses the same class through the Engine interface.
import { checkArgument, OctavoError } from "@octavo/core";
import { type ChatMessage, type ChatOptions, Detokenizer, Tokenizer } from "@octavo/tokenizer";
import type { CoreClient } from "./client/core-client.js";
import { InprocClient } from "./client/inproc-client.js";
import { ThreadClient } from "./client/thread-client.js";
import type { Engine, EngineInfo, EngineStats, GenerateRequest, RequestStream } from "./engine.js";
import type { EngineOptions } from "./engine-options.js";
import { collectOutput, Generation, type RequestOutput } from "./generation.js";
import { encodeAbort, encodeAdd } from "./protocol/commands.js";
import { FINISH_REFUSED, OUTPUT_WORDS } from "./protocol/outputs.js";
import { readStats } from "./protocol/stats.js";
import { TokenStream } from "./request-stream.js";
import { type ResolvedSamplingParams, resolveSamplingParams, type SamplingParams } from "./sampling-params.js";

const DEFAULT_MAX_QUEUED = 4096;

/**
 * A loaded model.
 *
 * ```ts
 * await using llm = await LLM.load("./my-model");
 * const { text } = await llm.generate("Once upon a time", { maxTokens: 32 });
 * for await (const chunk of llm.chat([{ role: "user", content: "Hello!" }])) process.stdout.write(chunk.text);
 * ```
 */
export class LLM implements Engine {
  readonly tokenizer: Tokenizer;
  readonly #client: CoreClient;
  readonly #maxQueued: number;
  readonly #endToken: number;
  readonly #streams = new Map<number, TokenStream>();
  #nextId = 1;
  #failure: OctavoError | null = null;
  #disposed = false;
  #idleWaiters: (() => void)[] = [];

  private constructor(tokenizer: Tokenizer, client: CoreClient, options: EngineOptions) {
    this.tokenizer = tokenizer;
    this.#client = client;
    this.#maxQueued = options.maxNumQueuedReqs ?? DEFAULT_MAX_QUEUED;
    this.#endToken = tokenizer.eosTokenId ?? client.eosTokenIds[0] ?? -1;
  }

  /**
   * Loads a model from a folder in Hugging Face's layout (config.json, tokenizer.json, safetensors).
   * @throws CHECKPOINT naming the file, tensor or field; BACKEND_LOAD; OUT_OF_MEMORY; INVALID_ARGUMENT for an option
   */
  static async load(model: string, options: EngineOptions = {}): Promise<LLM> {
    let llm: LLM | undefined;
    let failure: OctavoError | undefined; // of an engine that dies while the tokenizer still loads
    const listener = {
      onOutputs: (words: Int32Array) => llm!.#deliver(words),
      onFailure: (error: OctavoError) => {
        failure = error;
        if (llm) llm.#fail(error);
      },
    };
    const Client = options.thread === false ? InprocClient : ThreadClient;
    const loading: Promise<CoreClient> = Client.load(model, options, listener);
    const [tokenizer, client] = await settleBoth(Tokenizer.load(model), loading);
    llm = new LLM(tokenizer, client, options);
    if (failure) llm.#fail(failure);
    return llm;
  }

  get info(): EngineInfo {
    return this.#client.info;
  }

  get stats(): EngineStats {
    return readStats(this.#client.stats);
  }

  get failure(): OctavoError | null {
    return this.#failure;
  }

  /** Continues a prompt (text, or token ids as they are); with several prompts, all of them at once. */
  generate(prompt: string | ArrayLike<number>, params?: SamplingParams): Generation;
  generate(prompts: readonly (string | readonly number[])[], params?: SamplingParams): Promise<RequestOutput[]>;
  generate(
    prompt: string | ArrayLike<number> | readonly (string | readonly number[])[],
    params?: SamplingParams,
  ): Generation | Promise<RequestOutput[]> {
    if (typeof prompt === "string" || typeof prompt[0] === "number") {
      return new Generation(this.submit({ prompt: prompt as string | ArrayLike<number>, params }));
    }
    return Promise.all(this.#submitAll(prompt as readonly (string | readonly number[])[], params).map(collectOutput));
  }

  /** Answers a conversation, with the model's chat template. `maxTokens` is by default what the context leaves. */
  chat(messages: readonly ChatMessage[], params?: SamplingParams, options?: ChatOptions): Generation {
    const prompt = this.tokenizer.encodeChat(messages, options);
    return new Generation(this.submit({ prompt, params: { maxTokens: null, ...params } }));
  }

  submit({ prompt, params = {}, signal }: GenerateRequest): RequestStream {
    this.#checkAlive();
    if (this.#streams.size >= this.#maxQueued) {
      const message = `${this.#streams.size} requests are in flight, the limit is ${this.#maxQueued}; try again later`;
      throw new OctavoError({ code: "QUEUE_FULL", message });
    }
    const tokens = typeof prompt === "string" ? this.tokenizer.encode(prompt) : Int32Array.from(prompt);
    this.#checkPrompt(tokens, prompt);
    const { vocabSize, maxModelLen, generationDefaults: defaults } = this.info;
    const resolved = resolveSamplingParams(params, {
      defaults,
      vocabSize,
      maxModelLen,
      numPromptTokens: tokens.length,
    });
    const id = this.#nextId++;
    const stream = new TokenStream(
      id,
      tokens,
      this.#detokenizer(tokens, resolved),
      resolved,
      this.#endToken,
      this.#owner,
    );
    if (signal?.aborted) {
      stream.abort();
      return stream;
    }
    if (signal) {
      const abort = () => stream.abort();
      signal.addEventListener("abort", abort, { once: true });
      // A signal may outlive many requests.
      stream.onEnd = () => signal.removeEventListener("abort", abort);
    }
    this.#streams.set(id, stream);
    if (this.#streams.size === 1) this.#client.setBusy(true);
    this.#client.send(encodeAdd(id, tokens, resolved, this.#stopTokens(resolved)));
    return stream;
  }

  idle(): Promise<void> {
    if (this.#streams.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const stream of this.#streams.values()) {
      stream.fail(new OctavoError({ code: "DISPOSED", message: "the engine was disposed while the request ran" }));
    }
    this.#streams.clear();
    this.#settle();
    await this.#client.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  readonly #owner = {
    cancel: (id: number): void => {
      if (!this.#streams.delete(id)) return;
      this.#client.send(encodeAbort(id));
      this.#settle();
    },
  };

  /** All or none. */
  #submitAll(prompts: readonly (string | readonly number[])[], params?: SamplingParams): RequestStream[] {
    const streams: RequestStream[] = [];
    try {
      for (const prompt of prompts) streams.push(this.submit({ prompt, params }));
    } catch (error) {
      for (const stream of streams) stream.abort();
      throw error;
    }
    return streams;
  }

  #detokenizer(promptTail: Int32Array, params: ResolvedSamplingParams): Detokenizer {
    const { skipSpecialTokens, stop, includeStopStrInOutput: includeStop } = params;
    return new Detokenizer(this.tokenizer, { skipSpecialTokens, stop, includeStop, promptTail });
  }

  #stopTokens(params: ResolvedSamplingParams): readonly number[] {
    if (params.ignoreEos) return params.stopTokenIds;
    const ids = new Set([...params.stopTokenIds, ...this.#client.eosTokenIds]);
    if (this.#endToken >= 0) ids.add(this.#endToken);
    return [...ids];
  }

  #deliver(words: Int32Array): void {
    for (let i = 0; i < words.length; i += OUTPUT_WORDS) {
      const id = words[i]!;
      const stream = this.#streams.get(id);
      if (!stream) continue; // aborted while its token was on the way
      const finish = words[i + 2]!;
      if (finish === FINISH_REFUSED) {
        stream.fail(new OctavoError({ code: "INTERNAL", message: `the scheduler refused request ${id}` }));
      } else {
        stream.accept(words[i + 1]!, finish, words[i + 3]!);
      }
      if (stream.ended) this.#streams.delete(id);
    }
    this.#settle();
  }

  #fail(cause: OctavoError): void {
    const message = `the engine stopped: ${cause.message}; restart it`;
    this.#failure = new OctavoError({ code: "ENGINE_DEAD", message, cause });
    for (const stream of this.#streams.values()) stream.fail(this.#failure);
    this.#streams.clear();
    this.#settle();
  }

  #settle(): void {
    if (this.#streams.size > 0) return;
    if (!this.#failure && !this.#disposed) this.#client.setBusy(false);
    for (const resolve of this.#idleWaiters) resolve();
    this.#idleWaiters = [];
  }

  #checkAlive(): void {
    if (this.#failure) throw this.#failure;
    if (this.#disposed) throw new OctavoError({ code: "DISPOSED", message: "this engine was disposed; load it again" });
  }

  #checkPrompt(tokens: Int32Array, prompt: GenerateRequest["prompt"]): void {
    const { maxModelLen, vocabSize } = this.info;
    checkArgument(tokens.length > 0, "the prompt is empty; give at least one token", "prompt");
    checkArgument(
      tokens.length < maxModelLen,
      `the prompt has ${tokens.length} tokens, the model's context is ${maxModelLen} and needs room for at least one more; shorten the prompt`,
      "prompt",
    );
    if (typeof prompt === "string") return;
    for (let i = 0; i < tokens.length; i++) {
      checkArgument(
        tokens[i] === prompt[i] && tokens[i]! >= 0 && tokens[i]! < vocabSize,
        `prompt token ids must be whole numbers below ${vocabSize}, got ${prompt[i]} at index ${i}`,
        "prompt",
      );
    }
  }
}

/** Both results; when one fails, the other is awaited and disposed of before the error is thrown. */
async function settleBoth<A, B extends { dispose(): Promise<void> }>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === "fulfilled" && second.status === "fulfilled") return [first.value, second.value];
  if (second.status === "rejected") throw second.reason;
  await second.value.dispose();
  throw (first as PromiseRejectedResult).reason;
}
