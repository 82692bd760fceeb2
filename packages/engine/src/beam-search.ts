// Beam search as vLLM does it: a loop above the engine, of which each round asks for one token of every beam with its logprobs.
// The prefix cache has what the beams share, so that a round computes little more than one token a beam.
import { checkArgument } from "@octavo/core";
import { Detokenizer, type Tokenizer } from "@octavo/tokenizer";
import type {
  Beam,
  BeamSearchOutput,
  BeamSearchParams,
  EngineInfo,
  FinishReason,
  GenerateRequest,
  PositionLogprobs,
  RequestStream,
} from "./engine.js";
import { checkKeys } from "./known-keys.js";
import { wholeFrom } from "./param-checks.js";
import type { RequestOptions } from "./request-options.js";

/** What a beam search needs of an engine: one that takes its requests without counting them, the search was admitted as a whole. */
export interface BeamEngine {
  readonly info: EngineInfo;
  readonly hasTokenizer: boolean;
  readonly tokenizer: Tokenizer;
  submit(request: GenerateRequest): RequestStream;
}

interface Path {
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly PositionLogprobs[];
  readonly sum: number;
  readonly finish: FinishReason;
}

const KNOWN: Readonly<Record<keyof BeamSearchParams, true>> = {
  beamWidth: true,
  maxTokens: true,
  lengthPenalty: true,
  ignoreEos: true,
  includeStopStrInOutput: true,
  skipSpecialTokens: true,
  cacheSalt: true,
};
const PROMPT_TAIL = 24;
const NOTHING: Path = { tokenIds: [], logprobs: [], sum: 0, finish: "length" };

/**
 * @param endTokenIds the model's
 * @throws INVALID_ARGUMENT (with `param`), and what submit throws
 */
export async function beamSearch(
  engine: BeamEngine,
  prompt: Int32Array,
  params: BeamSearchParams,
  endTokenIds: readonly number[],
  signal?: AbortSignal,
  options: RequestOptions = {},
): Promise<BeamSearchOutput> {
  const search = new BeamSearch(engine, prompt, params, endTokenIds, options);
  let goesOn = !signal?.aborted;
  while (goesOn && !search.done) goesOn = await search.advance(signal);
  return { promptTokenIds: prompt, beams: search.best(goesOn ? "length" : "abort") };
}

class BeamSearch {
  readonly #engine: BeamEngine;
  readonly #prompt: Int32Array;
  readonly #params: BeamSearchParams;
  readonly #width: number;
  readonly #maxTokens: number;
  readonly #lengthPenalty: number;
  readonly #ends: ReadonlySet<number>;
  /** Logprobs of so many tokens leave `width` that are no end tokens. */
  readonly #alternatives: number;
  #running: readonly Path[] = [NOTHING];
  readonly #completed: Path[] = [];
  readonly #options: RequestOptions;
  readonly #deadline: number;

  constructor(
    engine: BeamEngine,
    prompt: Int32Array,
    params: BeamSearchParams,
    endTokenIds: readonly number[],
    options: RequestOptions,
  ) {
    checkKeys(params, KNOWN, "beam search parameter");
    const { beamWidth = 4, lengthPenalty = 1, ignoreEos = false } = params;
    const { maxModelLen, maxLogprobs, vocabSize, logprobsMode, generationDefaults } = engine.info;
    const room = maxModelLen - prompt.length;
    const asked = params.maxTokens === undefined ? 16 : (params.maxTokens ?? room);
    const capped = Math.min(room, generationDefaults.maxNewTokens ?? room);
    this.#engine = engine;
    this.#prompt = prompt;
    this.#params = params;
    this.#options = options;
    this.#deadline = performance.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
    this.#width = wholeFrom("beam_width", beamWidth, 1, vocabSize);
    this.#maxTokens = Math.min(wholeFrom("max_tokens", asked, 1, Number.MAX_SAFE_INTEGER), capped);
    this.#lengthPenalty = lengthPenalty;
    this.#ends = new Set(ignoreEos ? [] : endTokenIds);
    this.#alternatives = Math.min(vocabSize, ignoreEos ? beamWidth : beamWidth + Math.max(beamWidth, this.#ends.size));
    checkArgument(
      Number.isFinite(lengthPenalty),
      `length_penalty must be a finite number, got ${lengthPenalty}`,
      "length_penalty",
    );
    checkArgument(
      this.#alternatives <= maxLogprobs,
      `a beam search of width ${beamWidth} needs ${this.#alternatives} logprobs a token, this engine shows at most ${maxLogprobs}: ` +
        "search with fewer beams, or raise max_logprobs",
      "beam_width",
    );
    checkArgument(
      logprobsMode.endsWith("logprobs"),
      `a beam search adds up logprobs, this engine shows ${logprobsMode}: load it with another logprobs_mode`,
      "logprobs_mode",
    );
  }

  /** Whether nothing that follows could change the result. */
  get done(): boolean {
    const [best] = this.#running;
    const length = best?.tokenIds.length ?? 0;
    if (best === undefined || length === this.#maxTokens) return true;
    if (this.#completed.length < this.#width) return false;
    // A sum only falls; dividing it by a longer length raises it, at best to that of the longest output.
    const bound = this.#scoreOf(best.sum, this.#lengthPenalty > 0 ? this.#maxTokens : length);
    return this.#completed.filter((path) => this.#score(path) >= bound).length >= this.#width;
  }

  /** One more token for every beam. @returns false, and changes nothing, when the engine ended a request: aborted, or out of time */
  async advance(signal: AbortSignal | undefined): Promise<boolean> {
    if (performance.now() >= this.#deadline) return false;
    const positions = await this.#nextTokens(signal);
    if (signal?.aborted || positions.includes(undefined)) return false;
    const candidates: Path[] = [];
    this.#running.forEach((path, i) => {
      const position = positions[i]!;
      for (const { tokenId, token, logprob, rank, bytes } of position.top) {
        if (logprob === Number.NEGATIVE_INFINITY) continue;
        const isEnd = this.#ends.has(tokenId);
        const chosen = { tokenId, token, logprob, rank, ...(bytes && { bytes }), top: position.top };
        const longer: Path = {
          tokenIds: [...path.tokenIds, tokenId],
          logprobs: [...path.logprobs, chosen],
          sum: path.sum + logprob,
          finish: isEnd ? "stop" : "length",
        };
        (isEnd ? this.#completed : candidates).push(longer);
      }
    });
    this.#running = candidates.sort((a, b) => b.sum - a.sum).slice(0, this.#width);
    return true;
  }

  /** The outputs, best first; one at least. @param unfinished why those end that met no end token */
  best(unfinished: FinishReason): Beam[] {
    const paths = [...this.#completed, ...this.#running.filter(({ tokenIds }) => tokenIds.length > 0)];
    if (paths.length === 0) paths.push(NOTHING);
    const ranked = paths.sort((a, b) => this.#score(b) - this.#score(a)).slice(0, this.#width);
    return ranked.map((path, index) => ({
      index,
      text: this.#text(path),
      tokenIds: path.tokenIds,
      logprobs: path.logprobs,
      cumulativeLogprob: path.sum,
      score: this.#score(path),
      finishReason: path.finish === "stop" ? "stop" : unfinished,
      stopReason: null,
    }));
  }

  /** What the engine says of the token that comes next in each running beam. */
  async #nextTokens(signal: AbortSignal | undefined): Promise<(PositionLogprobs | undefined)[]> {
    const { cacheSalt } = this.#params;
    const left = Math.max(1, Math.ceil(this.#deadline - performance.now()));
    const options = { ...this.#options, ...(Number.isFinite(left) && { timeoutMs: left }), ...(signal && { signal }) };
    const params = {
      ...(cacheSalt !== undefined && { cacheSalt }),
      maxTokens: 1,
      temperature: 0,
      repetitionPenalty: 1,
      ignoreEos: true,
      logprobs: this.#alternatives,
    };
    const streams: RequestStream[] = [];
    try {
      for (const { tokenIds } of this.#running) {
        const prompt = new Int32Array(this.#prompt.length + tokenIds.length);
        prompt.set(this.#prompt);
        prompt.set(tokenIds, this.#prompt.length);
        streams.push(this.#engine.submit({ prompt, params, ...options }));
      }
      return await Promise.all(streams.map(firstPosition));
    } catch (error) {
      for (const stream of streams) stream.abort();
      throw error;
    }
  }

  #score({ tokenIds, sum, finish }: Path): number {
    return this.#scoreOf(sum, tokenIds.length - (finish === "stop" ? 1 : 0));
  }

  #scoreOf(sum: number, length: number): number {
    return sum / (this.#prompt.length + length) ** this.#lengthPenalty;
  }

  #text({ tokenIds, finish }: Path): string {
    if (!this.#engine.hasTokenizer) return "";
    const { skipSpecialTokens = true, includeStopStrInOutput = false } = this.#params;
    const promptTail = this.#prompt.subarray(-PROMPT_TAIL);
    const detokenizer = new Detokenizer(this.#engine.tokenizer, { skipSpecialTokens, promptTail });
    const shown = finish === "stop" && !includeStopStrInOutput ? tokenIds.slice(0, -1) : tokenIds;
    return shown.map((id) => detokenizer.push(id)).join("") + detokenizer.finish();
  }
}

/** Undefined for a request that ended without a token. */
async function firstPosition(stream: RequestStream): Promise<PositionLogprobs | undefined> {
  let position: PositionLogprobs | undefined;
  for await (const { logprobs } of stream) position ??= logprobs?.[0];
  return position;
}
