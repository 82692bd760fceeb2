// From a request as users give it to one that the core runs: checked, encoded, sent.
import { checkArgument } from "@octavo/core";
import { Detokenizer, type Tokenizer } from "@octavo/tokenizer";
import { resolveChoices } from "./choices.js";
import type { CoreClient } from "./client/core-client.js";
import type { EndTokens } from "./end-tokens.js";
import type { GenerateRequest } from "./engine.js";
import type { InFlight } from "./in-flight.js";
import { NO_TEXT, noTokenizer } from "./load-tokenizer.js";
import { onAbort } from "./on-abort.js";
import { encodePrompt } from "./prompt.js";
import { encodeAdd } from "./protocol/commands.js";
import type { QueueBounds } from "./queue-bounds.js";
import { resolveRequestOptions } from "./request-options.js";
import { type TextOf, TokenStream } from "./request-stream.js";
import type { SaltNames } from "./salt-names.js";
import { type ResolvedSamplingParams, resolveSamplingParams, type SamplingContext } from "./sampling-params.js";
import { TenantIds } from "./tenant-ids.js";

/** Prompt tokens that a detokenizer may need for the first token's text. */
const PROMPT_TAIL = 24;

/** What a submitter needs of an engine. */
export interface SubmitterParts {
  readonly client: CoreClient;
  readonly bounds: QueueBounds;
  readonly inFlight: InFlight;
  /** Null: none was loaded. */
  readonly tokenizer: Tokenizer | null;
  readonly endTokens: EndTokens;
  readonly saltNames: SaltNames;
  /** What requests take that leave a parameter out. */
  readonly own: Pick<SamplingContext, "nextSeed" | "streamInterval">;
}

export class Submitter {
  readonly #parts: SubmitterParts;
  readonly #tenants = new TenantIds();

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
  }

  /**
   * @param isPart whether it belongs to what was let in before as a whole, whatever else waits by now; then its blocks are kept for forks
   * until they are released
   * @throws INVALID_ARGUMENT (with `param`), QUEUE_FULL
   */
  submit(
    { prompt, params = {}, choice = 0, forkOf, signal, ...options }: GenerateRequest,
    isPart = false,
  ): TokenStream {
    const { client, bounds, inFlight, endTokens, saltNames, own } = this.#parts;
    const { info } = client;
    checkArgument(
      resolveChoices(params).bestOf === 1,
      `n is ${params.n}, best_of ${params.bestOf}: submit one request for each choice, or use generate`,
      "n",
    );
    // Before the prompt is encoded, which takes time.
    if (!isPart) bounds.check(inFlight.size, 0);
    const tokens = encodePrompt(prompt, this.#tokenizer, info, params);
    const { vocabSize, maxModelLen, maxLogprobs, generationDefaults: defaults } = info;
    const resolved = resolveSamplingParams(params, {
      ...own,
      defaults,
      vocabSize,
      maxModelLen,
      numPromptTokens: tokens.length,
      maxLogprobs,
      endTokenIds: endTokens.all,
      tokenizer: this.#tokenizer,
    });
    const served = resolveRequestOptions(options, info.schedulingPolicy, (tenant) => this.#tenants.id(tenant));
    // The choices of a prompt share its blocks: it is computed once.
    const promptTokens = choice === 0 && !isPart ? tokens.length : 0;
    if (!isPart) bounds.check(inFlight.size, promptTokens);
    const id = inFlight.takeId();
    const text = this.#textOf(tokens, resolved);
    const stream = new TokenStream(id, tokens, text, resolved, endTokens.main, inFlight, choice);
    if (signal?.aborted) {
      stream.abort();
      return stream;
    }
    if (signal) stream.onEnd = onAbort(signal, () => stream.abort());
    const sharing = {
      forkOf: forkOf instanceof TokenStream ? forkOf.id : 0,
      keepBlocks: isPart,
      cacheSalt: saltNames.numberOf(resolved.cacheSalt),
    };
    const stops = endTokens.stopsOf(resolved);
    inFlight.start(stream, promptTokens, encodeAdd(id, tokens, resolved, stops, choice, { ...served, ...sharing }));
    return stream;
  }

  readonly #tokenizer = (): Tokenizer => {
    const { tokenizer } = this.#parts;
    if (tokenizer === null) throw noTokenizer();
    return tokenizer;
  };

  #textOf(prompt: Int32Array, params: ResolvedSamplingParams): TextOf {
    if (this.#parts.tokenizer === null && params.stop.length === 0) return NO_TEXT;
    const { skipSpecialTokens, spacesBetweenSpecialTokens, stop, minTokens } = params;
    return new Detokenizer(this.#tokenizer(), {
      skipSpecialTokens,
      spacesBetweenSpecialTokens,
      stop,
      includeStop: params.includeStopStrInOutput,
      minTokens,
      promptTail: prompt.subarray(-PROMPT_TAIL),
    });
  }
}
