// The engine's face: loads a model, takes prompts, gives text. The server uses the same class through the Engine interface.
import { checkArgument, OctavoError } from "@octavo/core";
import { type ChatMessage, type ChatOptions, Detokenizer, type Tokenizer } from "@octavo/tokenizer";
import { ChoicesStream } from "./choices-stream.js";
import type { CoreClient, CoreListener } from "./client/core-client.js";
import { InprocClient } from "./client/inproc-client.js";
import { ThreadClient } from "./client/thread-client.js";
import type {
  Engine,
  EngineInfo,
  EngineStats,
  GenerateRequest,
  RequestStream,
  ResetPrefixCacheOptions,
} from "./engine.js";
import { checkOptions, type EngineOptions, resolveMaxQueued } from "./engine-options.js";
import { collectOutput, Generation, type RequestOutput } from "./generation.js";
import type { KvCacheEvent } from "./kv-events.js";
import { KvListeners } from "./kv-listeners.js";
import { loadTokenizer, NO_TEXT, noTokenizer } from "./load-tokenizer.js";
import { encodePrompt, type Prompt } from "./prompt.js";
import { encodeAbort, encodeAdd, encodeResetPrefixCache } from "./protocol/commands.js";
import { decodeLogprobs } from "./protocol/logprobs.js";
import { LOGPROBS_HEADER_WORDS, LogprobsOf, OUTPUT_WORDS } from "./protocol/outputs.js";
import { readStats } from "./protocol/stats.js";
import { type TextOf, TokenStream } from "./request-stream.js";
import { SaltNames } from "./salt-names.js";
import {
  type ResolvedSamplingParams,
  resolveN,
  resolveSamplingParams,
  type SamplingParams,
} from "./sampling-params.js";
import { TokenTexts } from "./token-texts.js";

/** Prompt tokens that a detokenizer may need for the first token's text. */
const PROMPT_TAIL = 24;
const MAX_ID = 2 ** 31 - 1;

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
  readonly #tokenizer: Tokenizer | null;
  readonly #client: CoreClient;
  readonly #maxQueued: number;
  readonly #endToken: number;
  readonly #tokenTexts: TokenTexts;
  readonly #saltNames = new SaltNames();
  readonly #kvListeners: KvListeners;
  readonly #streams = new Map<number, TokenStream>();
  #nextId = 1;
  #failure: OctavoError | null = null;
  #disposing: Promise<void> | undefined;
  /** Woken whenever a request ends. */
  #endWaiters: (() => void)[] = [];

  private constructor(tokenizer: Tokenizer | null, client: CoreClient, options: EngineOptions) {
    this.#tokenizer = tokenizer;
    this.#client = client;
    this.#maxQueued = resolveMaxQueued(options);
    this.#kvListeners = new KvListeners(client, this.#saltNames);
    this.#tokenTexts = new TokenTexts(tokenizer);
    this.#endToken = tokenizer?.eosTokenId ?? client.eosTokenIds[0] ?? -1;
  }

  /**
   * Loads a model from a folder in Hugging Face's layout (config.json, tokenizer.json, safetensors; config.json alone for dummy
   * weights), or from a GGUF file.
   * @throws CHECKPOINT naming the file, tensor or field; UNSUPPORTED; BACKEND_LOAD; OUT_OF_MEMORY; INVALID_ARGUMENT for an option
   */
  static async load(model: string, options: EngineOptions = {}): Promise<LLM> {
    checkOptions(options);
    let llm: LLM | undefined;
    let failure: OctavoError | undefined; // of an engine that dies while the tokenizer still loads
    const listener: CoreListener = {
      onOutputs: (words) => llm!.#deliver(words),
      onKvEvents: (words) => llm!.#kvListeners.deliver(words),
      onRefused: (id, error) => llm!.#drop(id, error),
      onFailure: (error) => {
        failure = error;
        if (llm) llm.#fail(error);
      },
    };
    const Client = options.thread === false ? InprocClient : ThreadClient;
    const loading: Promise<CoreClient> = Client.load(model, options, listener);
    const [tokenizer, client] = await settleBoth(loadTokenizer(model, options), loading);
    if (failure) {
      await client.dispose();
      throw failure;
    }
    llm = new LLM(tokenizer, client, options);
    return llm;
  }

  /** Whether {@link LLM.tokenizer} is there, so that text may be given and comes back. */
  get hasTokenizer(): boolean {
    return this.#tokenizer !== null;
  }

  get tokenizer(): Tokenizer {
    if (this.#tokenizer === null) throw noTokenizer();
    return this.#tokenizer;
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

  /**
   * Continues a prompt (text, or token ids as they are); with a list of prompts all of them, as many at once as there is room for.
   * When one of a list fails, the others are aborted.
   */
  generate(prompt: Prompt, params?: SamplingParams): Generation;
  generate(prompts: readonly Prompt[], params?: SamplingParams): Promise<RequestOutput[]>;
  generate(prompt: Prompt | readonly Prompt[], params?: SamplingParams): Generation | Promise<RequestOutput[]> {
    if (Array.isArray(prompt) && typeof prompt[0] !== "number") return this.#generateAll(prompt, params);
    return this.#generate(prompt as Prompt, params);
  }

  /** Answers a conversation, with the model's chat template. `maxTokens` is by default what the context leaves. */
  chat(messages: readonly ChatMessage[], params?: SamplingParams, options?: ChatOptions): Generation {
    const prompt = this.tokenizer.encodeChat(messages, options);
    return this.#generate(prompt, { maxTokens: null, ...params });
  }

  #generate(prompt: Prompt, params: SamplingParams = {}): Generation {
    const n = resolveN(params);
    return new Generation(this.#submitChoices(prompt, params, n), n);
  }

  /** All choices or none. */
  #submitChoices(prompt: Prompt, params: SamplingParams, n: number): RequestStream {
    if (n === 1) return this.submit({ prompt, params });
    const choices: RequestStream[] = [];
    try {
      const first = this.submit({ prompt, params: { ...params, n: 1 } });
      choices.push(first);
      // The first one's prompt logprobs are those of all.
      const others = { ...params, n: 1, promptLogprobs: null };
      for (let choice = 1; choice < n; choice++) {
        choices.push(this.submit({ prompt: first.promptTokenIds, params: others, choice, forkOf: first }));
      }
    } catch (error) {
      for (const choice of choices) choice.abort();
      throw error;
    }
    return new ChoicesStream(choices);
  }

  submit({ prompt, params = {}, choice = 0, forkOf, signal }: GenerateRequest): RequestStream {
    this.#checkAlive();
    checkArgument(resolveN(params) === 1, `n is ${params.n}: submit one request for each choice, or use generate`, "n");
    if (this.#streams.size >= this.#maxQueued) {
      const message = `${this.#streams.size} requests are in flight, the limit is ${this.#maxQueued}; try again later`;
      throw new OctavoError({ code: "QUEUE_FULL", message });
    }
    const tokens = encodePrompt(prompt, () => this.tokenizer, this.info);
    const { vocabSize, maxModelLen, maxLogprobs, generationDefaults: defaults } = this.info;
    const numPromptTokens = tokens.length;
    const resolved = resolveSamplingParams(params, { defaults, vocabSize, maxModelLen, numPromptTokens, maxLogprobs });
    const id = this.#takeId();
    const stream = new TokenStream(
      id,
      tokens,
      this.#detokenizer(tokens, resolved),
      resolved,
      this.#endToken,
      this.#owner,
      choice,
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
    const sharing = {
      forkOf: forkOf instanceof TokenStream ? forkOf.id : 0,
      cacheSalt: this.#saltNames.numberOf(resolved.cacheSalt),
    };
    this.#client.send(encodeAdd(id, tokens, resolved, this.#stopTokens(resolved), choice, sharing));
    return stream;
  }

  async resetPrefixCache({ resetRunningRequests = false }: ResetPrefixCacheOptions = {}): Promise<void> {
    this.#checkAlive();
    // Commands take effect in order, so before every request that is submitted after this one.
    this.#client.send(encodeResetPrefixCache(resetRunningRequests));
  }

  onKvEvents(listener: (events: readonly KvCacheEvent[]) => void): () => void {
    this.#checkAlive();
    const end = this.#kvListeners.add(listener);
    return () => {
      if (!this.#failure && !this.#disposing) end();
    };
  }

  async idle(): Promise<void> {
    while (this.#streams.size > 0) await this.#nextEnd();
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    this.#failAll(new OctavoError({ code: "DISPOSED", message: "the engine was disposed while the request ran" }));
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

  async #generateAll(prompts: readonly Prompt[], params?: SamplingParams): Promise<RequestOutput[]> {
    const streams: RequestStream[] = [];
    const outputs: Promise<RequestOutput>[] = [];
    const n = resolveN(params ?? {});
    try {
      for (const prompt of prompts) {
        while (this.#streams.size > 0 && this.#streams.size + n > this.#maxQueued) await this.#nextEnd();
        const stream = this.#submitChoices(prompt, params ?? {}, n);
        const output = collectOutput(stream, n);
        output.catch(() => {}); // it may fail while the next prompts still wait for room; Promise.all reports it
        streams.push(stream);
        outputs.push(output);
      }
      return await Promise.all(outputs);
    } catch (error) {
      for (const stream of streams) stream.abort();
      throw error;
    }
  }

  /** Ids cross to the engine as int32. */
  #takeId(): number {
    do this.#nextId = (this.#nextId % MAX_ID) + 1;
    while (this.#streams.has(this.#nextId));
    return this.#nextId;
  }

  #detokenizer(prompt: Int32Array, params: ResolvedSamplingParams): TextOf {
    if (this.#tokenizer === null && params.stop.length === 0) return NO_TEXT;
    const { skipSpecialTokens, stop, includeStopStrInOutput: includeStop } = params;
    const promptTail = prompt.subarray(-PROMPT_TAIL);
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
      while (words[i]! < 0) i = this.#deliverLogprobs(words, i);
      if (i >= words.length) break;
      const id = words[i]!;
      const stream = this.#streams.get(id);
      if (!stream) continue; // aborted while its token was on the way
      try {
        stream.accept(words[i + 1]!, words[i + 2]!, words[i + 3]!, words[i + 4]!);
      } catch (error) {
        // A fault in one request's text must not take the others down.
        stream.fail(OctavoError.from(error));
        this.#client.send(encodeAbort(id));
      }
      if (stream.ended) this.#streams.delete(id);
    }
    this.#settle();
  }

  /** @returns where the next record begins */
  #deliverLogprobs(words: Int32Array, start: number): number {
    const stream = this.#streams.get(-words[start]!);
    if (stream) {
      const logprobs = decodeLogprobs(words, start, this.#tokenTexts);
      if (words[start + 1] === LogprobsOf.prompt) stream.acceptPromptLogprobs(logprobs);
      else stream.acceptLogprobs(logprobs);
    }
    return start + LOGPROBS_HEADER_WORDS + 2 * words[start + 3]!;
  }

  /** Ends one request that the core does not run. */
  #drop(id: number, error: OctavoError): void {
    this.#streams.get(id)?.fail(error);
    this.#streams.delete(id);
    this.#settle();
  }

  #fail(cause: OctavoError): void {
    const message = `the engine stopped: ${cause.message}; restart it`;
    this.#failure = new OctavoError({ code: "ENGINE_DEAD", message, cause });
    this.#failAll(this.#failure);
  }

  #failAll(error: OctavoError): void {
    for (const stream of this.#streams.values()) stream.fail(error);
    this.#streams.clear();
    this.#settle();
  }

  #nextEnd(): Promise<void> {
    return new Promise((resolve) => this.#endWaiters.push(resolve));
  }

  /** After requests may have ended. */
  #settle(): void {
    if (this.#streams.size === 0 && !this.#failure && !this.#disposing) this.#client.setBusy(false);
    for (const resolve of this.#endWaiters.splice(0)) resolve();
  }

  #checkAlive(): void {
    if (this.#failure) throw this.#failure;
    if (this.#disposing)
      throw new OctavoError({ code: "DISPOSED", message: "this engine was disposed; load it again" });
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
