// The engine's face: loads a model, takes prompts, gives text. The server uses the same class through the Engine interface.
import { checkArgument, OctavoError } from "@octavo/core";
import type { ChatMessage, ChatOptions, Tokenizer } from "@octavo/tokenizer";
import { beamSearch } from "./beam-search.js";
import { BeamSearches } from "./beam-searches.js";
import { checkOptions } from "./check-options.js";
import { resolveChoices } from "./choices.js";
import type { CoreClient, CoreListener } from "./client/core-client.js";
import { InprocClient } from "./client/inproc-client.js";
import { ThreadClient } from "./client/thread-client.js";
import { checkGenerates, Embedder } from "./embedding.js";
import { EndTokens } from "./end-tokens.js";
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
import type { EngineOptions } from "./engine-options.js";
import { generateAll } from "./generate-all.js";
import { Generation, type RequestOutput } from "./generation.js";
import { InFlight } from "./in-flight.js";
import type { KvCacheEvent } from "./kv-events.js";
import { KvListeners } from "./kv-listeners.js";
import type { LoadListener } from "./load-listener.js";
import { loadTokenizer, noTokenizer } from "./load-tokenizer.js";
import { type PauseOptions, resolvePause } from "./pause.js";
import { encodeAnyPrompt, type Prompt } from "./prompt.js";
import { encodeRelease } from "./protocol/commands.js";
import { readStats } from "./protocol/stats.js";
import { QueueBounds } from "./queue-bounds.js";
import type { RequestOptions } from "./request-options.js";
import type { TokenStream } from "./request-stream.js";
import { resolveModels } from "./resolve-models.js";
import { seedsFrom } from "./resolve-seed.js";
import { SaltNames } from "./salt-names.js";
import type { SamplingParams } from "./sampling-params.js";
import { settleBoth } from "./settle-both.js";
import { resolveStreamInterval } from "./stream-interval.js";
import { submitChoices } from "./submit-choices.js";
import { Submitter } from "./submitter.js";
import { TokenTexts } from "./token-texts.js";

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
  readonly #endTokens: EndTokens;
  readonly #inFlight: InFlight;
  readonly #searches = new BeamSearches();
  readonly #submitter: Submitter;
  readonly #kvListeners: KvListeners;
  readonly #embedder: Embedder;
  #isPaused = false;
  #failure: OctavoError | null = null;
  #disposing: Promise<void> | undefined;

  private constructor(tokenizer: Tokenizer | null, client: CoreClient, options: EngineOptions) {
    this.#tokenizer = tokenizer;
    this.#client = client;
    const bounds = new QueueBounds(options);
    this.#bounds = bounds;
    this.#embedder = new Embedder({ client, bounds, tokenizer: () => this.tokenizer });
    const saltNames = new SaltNames();
    this.#kvListeners = new KvListeners(client, saltNames);
    const inFlight = new InFlight(client, bounds, new TokenTexts(tokenizer));
    this.#inFlight = inFlight;
    const endTokens = new EndTokens(tokenizer, client);
    this.#endTokens = endTokens;
    const own = { nextSeed: seedsFrom(options.seed), streamInterval: resolveStreamInterval(options) };
    this.#submitter = new Submitter({ client, bounds, inFlight, tokenizer, endTokens, saltNames, own });
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
      onOutputs: (words) => llm!.#inFlight.deliver(words),
      onKvEvents: (words) => llm!.#kvListeners.deliver(words),
      onRefused: (id, error) => llm!.#inFlight.drop(id, error),
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
    { priority, tenant, timeoutMs, signal, ...options }: ChatOptions & RequestOptions = {},
  ): Generation {
    checkGenerates(this.info);
    const prompt = this.tokenizer.encodeChat(messages, options);
    return this.#generate(prompt, { maxTokens: null, ...params }, { priority, tenant, timeoutMs, signal });
  }

  /**
   * The `beamWidth` most likely outputs that a beam search finds, best first. It takes a step of `beamWidth` requests for each token,
   * so that sampling is much faster; and `2 * beamWidth` logprobs, for which `maxLogprobs` must suffice.
   */
  async beamSearch(
    prompt: Prompt,
    params: BeamSearchParams = {},
    options: RequestOptions = {},
  ): Promise<BeamSearchOutput> {
    this.#checkAlive();
    checkGenerates(this.info);
    const engine = {
      info: this.info,
      tokenizer: this.#tokenizer,
      weightVersion: this.weightVersion,
      submit: (request: GenerateRequest) => this.#submit(request, true),
      release: (stream: RequestStream) => this.#release(stream),
    };
    return this.#searches.run(async (own) => {
      const encoded = encodeAnyPrompt(prompt, () => this.tokenizer, this.info);
      // A search of a short prompt begins at once: a pause that comes next finds it there.
      const tokens = encoded instanceof Promise ? await encoded : encoded;
      this.#checkAlive();
      this.#bounds.check(this.#inFlight.size, tokens.length);
      return beamSearch(engine, tokens, params, this.#endTokens.all, own, options);
    }, options.signal);
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
    const submit = (request: GenerateRequest) => this.submit(request);
    return new Generation(submitChoices(submit, prompt, params, choices, options), choices);
  }

  async #generateAll(
    prompts: readonly Prompt[],
    params: SamplingParams = {},
    options: RequestOptions = {},
  ): Promise<RequestOutput[]> {
    const choices = resolveChoices(params);
    const one = (request: GenerateRequest) => this.submit(request);
    const engine = {
      info: this.info,
      bounds: this.#bounds,
      inFlight: this.#inFlight,
      tokenizer: () => this.tokenizer,
      submit: (prompt: Int32Array) => submitChoices(one, prompt, params, choices, options),
    };
    return generateAll(engine, prompts, params, choices);
  }

  submit(request: GenerateRequest): RequestStream {
    return this.#submit(request);
  }

  #submit(request: GenerateRequest, isPart = false): TokenStream {
    this.#checkAlive();
    checkGenerates(this.info);
    return this.#submitter.submit(request, isPart);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  async pause(options: PauseOptions = {}): Promise<void> {
    this.#checkAlive();
    const { mode, clearCache } = resolvePause(options);
    this.#isPaused = true;
    if (mode === "abort") {
      this.#searches.abortAll();
      this.#inFlight.abortAll();
    }
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
    return this.#inFlight.weightVersion;
  }

  set weightVersion(version: string) {
    checkArgument(
      typeof version === "string",
      `weight_version must be a string, got ${typeof version}`,
      "weight_version",
    );
    this.#inFlight.weightVersion = version;
  }

  async idle(): Promise<void> {
    while (this.#inFlight.size + this.#searches.size > 0) {
      await this.#searches.idle();
      if (this.#inFlight.size > 0) await this.#inFlight.nextEnd();
    }
    await this.#embedder.idle();
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    const message = "the engine was disposed while the request ran";
    this.#inFlight.failAll(new OctavoError({ code: "DISPOSED", message }));
    await this.#client.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #release(stream: RequestStream): void {
    const isOver = this.#failure !== null || this.#disposing !== undefined;
    if (!isOver) this.#client.send(encodeRelease((stream as TokenStream).id));
  }

  #fail(cause: OctavoError): void {
    const message = `the engine stopped: ${cause.message}; restart it`;
    this.#failure = new OctavoError({ code: "ENGINE_DEAD", message, cause });
    this.#inFlight.failAll(this.#failure);
  }

  #checkAlive(): void {
    if (this.#failure) throw this.#failure;
    if (this.#disposing)
      throw new OctavoError({ code: "DISPOSED", message: "this engine was disposed; load it again" });
  }
}
