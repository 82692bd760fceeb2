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

/** What a beam search needs of an engine. */
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
};
const PROMPT_TAIL = 24;

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
): Promise<BeamSearchOutput> {
  const search = new BeamSearch(engine, prompt, params, endTokenIds);
  while (!search.done && !signal?.aborted) await search.advance(signal);
  return { promptTokenIds: prompt, beams: search.best(signal?.aborted ? "abort" : "length") };
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
  #running: readonly Path[] = [{ tokenIds: [], logprobs: [], sum: 0, finish: "length" }];
  readonly #completed: Path[] = [];

  constructor(engine: BeamEngine, prompt: Int32Array, params: BeamSearchParams, endTokenIds: readonly number[]) {
    checkKeys(params, KNOWN, "beam search parameter");
    const { beamWidth = 4, lengthPenalty = 1, ignoreEos = false } = params;
    const { maxModelLen, maxLogprobs, vocabSize, logprobsMode, generationDefaults } = engine.info;
    const room = maxModelLen - prompt.length;
    const asked = params.maxTokens === undefined ? 16 : (params.maxTokens ?? room);
    const capped = Math.min(room, generationDefaults.maxNewTokens ?? room);
    this.#engine = engine;
    this.#prompt = prompt;
    this.#params = params;
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

  /** One more token for every beam. */
  async advance(signal: AbortSignal | undefined): Promise<void> {
    const positions = await this.#nextTokens(signal);
    if (signal?.aborted) return;
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
  }

  /** The outputs, best first. @param unfinished why those end that met no end token */
  best(unfinished: FinishReason): Beam[] {
    const paths = [...this.#completed, ...this.#running.filter(({ tokenIds }) => tokenIds.length > 0)];
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
  async #nextTokens(signal: AbortSignal | undefined): Promise<PositionLogprobs[]> {
    const params = {
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
        streams.push(this.#engine.submit({ prompt, params, ...(signal && { signal }) }));
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

async function firstPosition(stream: RequestStream): Promise<PositionLogprobs> {
  let position: PositionLogprobs | undefined;
  for await (const { logprobs } of stream) position ??= logprobs?.[0];
  return position ?? { tokenId: 0, token: "", logprob: Number.NEGATIVE_INFINITY, rank: 0, top: [] };
}
