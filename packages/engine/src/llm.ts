// The engine's face: loads a model, takes prompts, gives text. The server uses the same class through the Engine interface.
import { checkArgument, OctavoError } from "@octavo/core";
import { type ChatMessage, type ChatOptions, Detokenizer, type Tokenizer } from "@octavo/tokenizer";
import { type BeamEngine, beamSearch } from "./beam-search.js";
import { type Choices, resolveChoices } from "./choices.js";
import { ChoicesStream } from "./choices-stream.js";
import type { CoreClient, CoreListener } from "./client/core-client.js";
import { InprocClient } from "./client/inproc-client.js";
import { ThreadClient } from "./client/thread-client.js";
import { checkGenerates, Embedder } from "./embedding.js";
import type {
  BeamSearchOutput,
  BeamSearchParams,
  EmbeddingOutput,
  EmbedOptions,
  Engine,
  EngineInfo,
  EngineStats,
  GenerateRequest,
  RequestStream,
  ResetPrefixCacheOptions,
} from "./engine.js";
import { checkOptions, type EngineOptions } from "./engine-options.js";
import { collectOutput, Generation, type RequestOutput } from "./generation.js";
import type { KvCacheEvent } from "./kv-events.js";
import { KvListeners } from "./kv-listeners.js";
import type { LoadListener } from "./load-listener.js";
import { loadTokenizer, NO_TEXT, noTokenizer } from "./load-tokenizer.js";
import { type PauseOptions, resolvePause } from "./pause.js";
import { encodeLongPrompt, encodePrompt, isLongText, type Prompt } from "./prompt.js";
import { encodeAbort, encodeAdd } from "./protocol/commands.js";
import { decodeLogprobs } from "./protocol/logprobs.js";
import { LOGPROBS_HEADER_WORDS, LogprobsOf, OUTPUT_WORDS } from "./protocol/outputs.js";
import { readStats } from "./protocol/stats.js";
import { QueueBounds } from "./queue-bounds.js";
import { type RequestOptions, resolveRequestOptions } from "./request-options.js";
import { type StreamOwner, type TextOf, TokenStream } from "./request-stream.js";
import { resolveModels } from "./resolve-models.js";
import { SaltNames } from "./salt-names.js";
import { type ResolvedSamplingParams, resolveSamplingParams, type SamplingParams } from "./sampling-params.js";
import { TenantIds } from "./tenant-ids.js";
import { TokenTexts } from "./token-texts.js";

/** Prompt tokens that a detokenizer may need for the first token's text. */
const PROMPT_TAIL = 24;
const MAX_ID = 2 ** 31 - 1;

/**
 * A loaded model.
 *
 * ```ts
 * const llm = await LLM.load("./my-model"); // or: await using llm = ...
 * const { text } = await llm.generate("Once upon a time", { maxTokens: 32 });
 * for await (const chunk of llm.chat([{ role: "user", content: "Hello!" }])) process.stdout.write(chunk.text);
 * await llm.dispose();
 * ```
 */
export class LLM implements Engine {
  readonly #tokenizer: Tokenizer | null;
  readonly #client: CoreClient;
  readonly #bounds: QueueBounds;
  readonly #tenants = new TenantIds();
  /** The one that ends an output without a stop reason; -1: none. */
  readonly #endToken: number;
  readonly #endTokenIds: readonly number[];
  readonly #tokenTexts: TokenTexts;
  readonly #saltNames = new SaltNames();
  readonly #kvListeners: KvListeners;
  readonly #embedder: Embedder;
  readonly #streams = new Map<number, TokenStream>();
  #nextId = 1;
  #isPaused = false;
  #weightVersion = "default";
  #failure: OctavoError | null = null;
  #disposing: Promise<void> | undefined;
  /** Woken whenever a request begins its output or ends. */
  #endWaiters: (() => void)[] = [];

  private constructor(tokenizer: Tokenizer | null, client: CoreClient, options: EngineOptions) {
    this.#tokenizer = tokenizer;
    this.#client = client;
    this.#bounds = new QueueBounds(options);
    this.#embedder = new Embedder({ client, bounds: this.#bounds, tokenizer: () => this.tokenizer });
    this.#kvListeners = new KvListeners(client, this.#saltNames);
    this.#tokenTexts = new TokenTexts(tokenizer);
    this.#endToken = tokenizer?.eosTokenId ?? client.eosTokenIds[0] ?? -1;
    const ids = [...client.eosTokenIds, this.#endToken];
    this.#endTokenIds = [...new Set(ids.filter((id) => id >= 0 && id < client.info.vocabSize))];
  }

  /**
   * Loads a model from a folder in Hugging Face's layout (config.json, tokenizer.json, safetensors; config.json alone for dummy
   * weights), or from a GGUF file; or by its name on a hub, `org/name[@REVISION][:QUANTIZATION]`, downloaded first where the cache
   * lacks it.
   * @param listener told while it loads
   * @throws CHECKPOINT naming the file, tensor or field; DOWNLOAD; UNSUPPORTED; BACKEND_LOAD; OUT_OF_MEMORY; INVALID_ARGUMENT for an option
   */
  static async load(model: string, options: EngineOptions = {}, { onProgress }: LoadListener = {}): Promise<LLM> {
    checkOptions(options);
    const resolved = await resolveModels(model, options);
    let llm: LLM | undefined;
    let failure: OctavoError | undefined; // of an engine that dies while the tokenizer still loads
    const listener: CoreListener = {
      ...(onProgress && { onProgress }),
      onOutputs: (words) => llm!.#deliver(words),
      onKvEvents: (words) => llm!.#kvListeners.deliver(words),
      onRefused: (id, error) => llm!.#drop(id, error),
      onFailure: (error) => {
        failure = error;
        if (llm) llm.#fail(error);
      },
    };
    const Client = options.thread === false ? InprocClient : ThreadClient;
    const loading: Promise<CoreClient> = Client.load(resolved.model, resolved.options, listener);
    const [tokenizer, client] = await settleBoth(loadTokenizer(resolved.tokenizer, options), loading);
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
  generate(prompt: Prompt, params?: SamplingParams, options?: RequestOptions): Generation;
  generate(prompts: readonly Prompt[], params?: SamplingParams, options?: RequestOptions): Promise<RequestOutput[]>;
  generate(
    prompt: Prompt | readonly Prompt[],
    params?: SamplingParams,
    options?: RequestOptions,
  ): Generation | Promise<RequestOutput[]> {
    if (Array.isArray(prompt) && typeof prompt[0] !== "number") return this.#generateAll(prompt, params, options);
    return this.#generate(prompt as Prompt, params, options);
  }

  /** Answers a conversation, with the model's chat template. `maxTokens` is by default what the context leaves. */
  chat(
    messages: readonly ChatMessage[],
    params?: SamplingParams,
    { priority, tenant, timeoutMs, ...options }: ChatOptions & RequestOptions = {},
  ): Generation {
    checkGenerates(this.info);
    const prompt = this.tokenizer.encodeChat(messages, options);
    return this.#generate(prompt, { maxTokens: null, ...params }, { priority, tenant, timeoutMs });
  }

  /**
   * The `beamWidth` most likely outputs that a beam search finds, best first. It takes a step of `beamWidth` requests for each token,
   * so that sampling is much faster; and `2 * beamWidth` logprobs, for which `maxLogprobs` must suffice.
   */
  async beamSearch(
    prompt: Prompt,
    params: BeamSearchParams = {},
    signal?: AbortSignal,
    options: RequestOptions = {},
  ): Promise<BeamSearchOutput> {
    this.#checkAlive();
    checkGenerates(this.info);
    const tokens = isLongText(prompt)
      ? await encodeLongPrompt(prompt, () => this.tokenizer, this.info)
      : encodePrompt(prompt, () => this.tokenizer, this.info);
    this.#checkAlive();
    this.#bounds.check(this.#streams.size, tokens.length);
    const { info, hasTokenizer } = this;
    const tokenizer = () => this.tokenizer;
    const engine: BeamEngine = {
      info,
      hasTokenizer,
      get tokenizer() {
        return tokenizer();
      },
      submit: (request) => this.#submit(request, true),
    };
    return beamSearch(engine, tokens, params, this.#endTokenIds, signal, options);
  }

  /**
   * The vector of a prompt (text, or token ids as they are), or of each of a list: of an encoder, or of a decoder that was loaded with
   * `runner` "pooling". It depends on the prompt alone.
   */
  embed(prompt: Prompt, options?: EmbedOptions): Promise<EmbeddingOutput>;
  embed(prompts: readonly Prompt[], options?: EmbedOptions): Promise<EmbeddingOutput[]>;
  async embed(
    input: Prompt | readonly Prompt[],
    options: EmbedOptions = {},
  ): Promise<EmbeddingOutput | EmbeddingOutput[]> {
    this.#checkAlive();
    const isList = Array.isArray(input) && typeof input[0] !== "number";
    try {
      const outputs = await this.#embedder.embed(isList ? input : [input as Prompt], options);
      return isList ? outputs : outputs[0]!;
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  #generate(prompt: Prompt, params: SamplingParams = {}, options: RequestOptions = {}): Generation {
    const choices = resolveChoices(params);
    return new Generation(this.#submitChoices(prompt, params, choices, options), choices);
  }

  /** All choices or none. */
  #submitChoices(
    prompt: Prompt,
    params: SamplingParams,
    { bestOf, ranks }: Choices,
    options: RequestOptions,
  ): RequestStream {
    if (bestOf === 1) return this.submit({ ...options, prompt, params });
    const own = { ...params, n: 1, bestOf: 1, ...(ranks && { logprobs: params.logprobs ?? 0 }) };
    const choices: RequestStream[] = [];
    try {
      const first = this.submit({ ...options, prompt, params: own });
      choices.push(first);
      // The first one's prompt logprobs are those of all.
      const others = { ...own, promptLogprobs: null };
      for (let choice = 1; choice < bestOf; choice++) {
        choices.push(this.submit({ ...options, prompt: first.promptTokenIds, params: others, choice, forkOf: first }));
      }
    } catch (error) {
      for (const choice of choices) choice.abort();
      throw error;
    }
    return new ChoicesStream(choices);
  }

  submit(request: GenerateRequest): RequestStream {
    return this.#submit(request, false);
  }

  /** @param isAdmitted whether it belongs to what was let in before, whatever else waits by now */
  #submit(
    { prompt, params = {}, choice = 0, forkOf, signal, ...options }: GenerateRequest,
    isAdmitted: boolean,
  ): RequestStream {
    this.#checkAlive();
    checkGenerates(this.info);
    checkArgument(
      resolveChoices(params).bestOf === 1,
      `n is ${params.n}, best_of ${params.bestOf}: submit one request for each choice, or use generate`,
      "n",
    );
    // Before the prompt is encoded, which takes time.
    if (!isAdmitted) this.#bounds.check(this.#streams.size, 0);
    const tokens = encodePrompt(prompt, () => this.tokenizer, this.info, params);
    const { vocabSize, maxModelLen, maxLogprobs, generationDefaults: defaults } = this.info;
    const resolved = resolveSamplingParams(params, {
      defaults,
      vocabSize,
      maxModelLen,
      numPromptTokens: tokens.length,
      maxLogprobs,
      endTokenIds: this.#endTokenIds,
      tokenizer: () => this.tokenizer,
    });
    const served = resolveRequestOptions(options, this.info.schedulingPolicy, (tenant) => this.#tenants.id(tenant));
    // The choices of a prompt share its blocks: it is computed once.
    const promptTokens = choice === 0 && !isAdmitted ? tokens.length : 0;
    if (!isAdmitted) this.#bounds.check(this.#streams.size, promptTokens);
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
    this.#bounds.add(id, promptTokens);
    if (this.#streams.size === 1) this.#client.setBusy(true);
    const sharing = {
      forkOf: forkOf instanceof TokenStream ? forkOf.id : 0,
      cacheSalt: this.#saltNames.numberOf(resolved.cacheSalt),
    };
    const stops = this.#stopTokens(resolved);
    this.#client.send(encodeAdd(id, tokens, resolved, stops, choice, { ...served, ...sharing }));
    return stream;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  async pause(options: PauseOptions = {}): Promise<void> {
    this.#checkAlive();
    const { mode, clearCache } = resolvePause(options);
    this.#isPaused = true;
    if (mode === "abort") for (const stream of [...this.#streams.values()]) stream.abort();
    await this.#client.call({ method: "pause", mode: mode === "wait" ? "wait" : "keep" });
    if (clearCache) await this.resetPrefixCache();
  }

  async resume(): Promise<void> {
    this.#checkAlive();
    this.#isPaused = false;
    await this.#client.call({ method: "resume" });
  }

  async collectiveRpc(method: string, args: readonly unknown[] = [], kwargs?: object): Promise<unknown[]> {
    this.#checkAlive();
    return [await this.#client.call({ method: "rpc", name: method, args, ...(kwargs && { kwargs }) })];
  }

  async resetPrefixCache({ resetRunningRequests = false }: ResetPrefixCacheOptions = {}): Promise<void> {
    // Calls and requests take effect in order, so that this one does before every request that is submitted after it.
    await this.collectiveRpc("resetPrefixCache", [], { resetRunningRequests });
  }

  onKvEvents(listener: (events: readonly KvCacheEvent[]) => void): () => void {
    this.#checkAlive();
    const end = this.#kvListeners.add(listener);
    return () => {
      if (!this.#failure && !this.#disposing) end();
    };
  }

  get weightVersion(): string {
    return this.#weightVersion;
  }

  set weightVersion(version: string) {
    checkArgument(
      typeof version === "string",
      `weight_version must be a string, got ${typeof version}`,
      "weight_version",
    );
    this.#weightVersion = version;
  }

  async idle(): Promise<void> {
    while (this.#streams.size > 0) await this.#nextEnd();
    await this.#embedder.idle();
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

  readonly #owner: StreamOwner = this.#createOwner();

  #createOwner(): StreamOwner {
    const version = () => this.#weightVersion;
    const cancel = (id: number) => {
      if (!this.#forget(id)) return;
      this.#client.send(encodeAbort(id));
      this.#settle();
    };
    return {
      cancel,
      get weightVersion() {
        return version();
      },
    };
  }

  /** A request is over. @returns whether it was known */
  #forget(id: number): boolean {
    this.#bounds.remove(id);
    return this.#streams.delete(id);
  }

  async #generateAll(
    prompts: readonly Prompt[],
    params: SamplingParams = {},
    options: RequestOptions = {},
  ): Promise<RequestOutput[]> {
    const streams: RequestStream[] = [];
    const outputs: Promise<RequestOutput>[] = [];
    const choices = resolveChoices(params);
    try {
      for (const prompt of prompts) {
        const tokens = isLongText(prompt)
          ? await encodeLongPrompt(prompt, () => this.tokenizer, this.info, params)
          : encodePrompt(prompt, () => this.tokenizer, this.info, params);
        while (this.#streams.size > 0 && !this.#bounds.hasRoom(this.#streams.size, choices.bestOf, tokens.length))
          await this.#nextEnd();
        const stream = this.#submitChoices(tokens, params, choices, options);
        const output = collectOutput(stream, choices);
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
    const { skipSpecialTokens, spacesBetweenSpecialTokens, stop, minTokens } = params;
    return new Detokenizer(this.tokenizer, {
      skipSpecialTokens,
      spacesBetweenSpecialTokens,
      stop,
      includeStop: params.includeStopStrInOutput,
      minTokens,
      promptTail: prompt.subarray(-PROMPT_TAIL),
    });
  }

  #stopTokens(params: ResolvedSamplingParams): readonly number[] {
    if (params.ignoreEos) return params.stopTokenIds;
    return [...new Set([...params.stopTokenIds, ...this.#endTokenIds])];
  }

  #deliver(words: Int32Array): void {
    for (let i = 0; i < words.length; i += OUTPUT_WORDS) {
      while (words[i]! < 0) i = this.#deliverLogprobs(words, i);
      if (i >= words.length) break;
      const id = words[i]!;
      this.#bounds.remove(id);
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
    this.#forget(id);
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
