// Beam search as vLLM does it: a loop above the engine, of which each round asks for one token of every beam with its logprobs.
// A beam's request goes on with the blocks of the one that it grew from, so that a round computes one token a beam.
import { Detokenizer, type Tokenizer } from "@octavo/tokenizer";
import { type ResolvedBeamSearch, resolveBeamSearch } from "./beam-search-params.js";
import type {
  Beam,
  BeamSearchOutput,
  BeamSearchParams,
  EngineInfo,
  FinishReason,
  GenerateRequest,
  OutputChunk,
  PositionLogprobs,
  RequestStream,
  TokenLogprob,
} from "./engine.js";
import type { RequestOptions } from "./request-options.js";

/** What a beam search needs of an engine. */
export interface BeamEngine {
  readonly info: EngineInfo;
  /** Null: beams have no text. */
  readonly tokenizer: Tokenizer | null;
  /** When the search begins. */
  readonly weightVersion: string;
  /** Takes a request without counting it, for the search was let in as a whole, and keeps its blocks until `release`. */
  submit(request: GenerateRequest): RequestStream;
  /** Gives back what `submit` kept. */
  release(stream: RequestStream): void;
}

interface Path {
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly PositionLogprobs[];
  readonly sum: number;
  readonly finish: FinishReason;
  /** Whose request of the last round computed all its tokens but the last. */
  readonly parent: number;
}

/** A path and a token after it. Of these there are many more than of paths that go on, so that they are small. */
interface Candidate {
  readonly path: Path;
  /** The path's place in the round. */
  readonly parent: number;
  readonly chosen: TokenLogprob;
  readonly top: readonly TokenLogprob[];
  readonly sum: number;
}

const PROMPT_TAIL = 24;
const NOTHING: Path = { tokenIds: [], logprobs: [], sum: 0, finish: "length", parent: -1 };

/**
 * @param endTokenIds the model's
 * @param signal ends it with what it has
 * @throws INVALID_ARGUMENT (with `param`), and what submit throws
 */
export async function beamSearch(
  engine: BeamEngine,
  prompt: Int32Array,
  params: BeamSearchParams,
  endTokenIds: readonly number[],
  signal: AbortSignal,
  options: RequestOptions = {},
): Promise<BeamSearchOutput> {
  const search = new BeamSearch(engine, prompt, params, endTokenIds, options);
  try {
    let goesOn = true;
    while (goesOn && !search.done) goesOn = await search.advance(signal);
    const { weightVersion } = search;
    return { promptTokenIds: prompt, beams: search.best(goesOn ? "length" : "abort"), weightVersion };
  } finally {
    search.release();
  }
}

class BeamSearch {
  readonly #engine: BeamEngine;
  readonly #prompt: Int32Array;
  readonly #params: BeamSearchParams;
  readonly #resolved: ResolvedBeamSearch;
  #running: readonly Path[] = [NOTHING];
  /** As many as can be returned, best first. */
  #completed: readonly Path[] = [];
  /** The requests of the last round, whose blocks are kept. */
  #round: readonly RequestStream[] = [];
  readonly #options: RequestOptions;
  readonly #deadline: number;
  /** Of the last round. */
  weightVersion: string;

  constructor(
    engine: BeamEngine,
    prompt: Int32Array,
    params: BeamSearchParams,
    endTokenIds: readonly number[],
    options: RequestOptions,
  ) {
    this.#engine = engine;
    this.weightVersion = engine.weightVersion;
    this.#prompt = prompt;
    this.#params = params;
    this.#options = options;
    this.#deadline = performance.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
    this.#resolved = resolveBeamSearch(params, engine.info, prompt.length, endTokenIds);
  }

  /** Whether nothing that follows could change the result. */
  get done(): boolean {
    const [best] = this.#running;
    const length = best?.tokenIds.length ?? 0;
    const { width, maxTokens, lengthPenalty } = this.#resolved;
    if (best === undefined || length === maxTokens) return true;
    if (this.#completed.length < width) return false;
    // A sum only falls; dividing it by a longer length raises it, at best to that of the longest output.
    const bound = this.#scoreOf(best.sum, lengthPenalty > 0 ? maxTokens : length);
    return this.#completed.filter((path) => this.#score(path) >= bound).length >= width;
  }

  /** One more token for every beam. @returns false, and changes nothing, when the engine ended a request: aborted, or out of time */
  async advance(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#isLate) return false;
    const chunks = await this.#nextTokens(signal);
    if (signal.aborted || chunks.includes(undefined)) return false;
    this.weightVersion = chunks[0]!.weightVersion;
    const candidates: Candidate[] = [];
    const ended: Candidate[] = [];
    const { ends, width } = this.#resolved;
    this.#running.forEach((path, parent) => {
      const { top } = chunks[parent]!.logprobs![0]!;
      for (const chosen of top) {
        if (chosen.logprob === Number.NEGATIVE_INFINITY) continue;
        const list = ends.has(chosen.tokenId) ? ended : candidates;
        list.push({ path, parent, chosen, top, sum: path.sum + chosen.logprob });
      }
    });
    const kept = candidates.sort((a, b) => b.sum - a.sum).slice(0, width);
    this.#running = kept.map((candidate) => longer(candidate, "length"));
    this.#completed = this.#bestOf([...this.#completed, ...ended.map((candidate) => longer(candidate, "stop"))]);
    return true;
  }

  /** Gives back the blocks of the last round. */
  release(): void {
    for (const stream of this.#round) this.#engine.release(stream);
    this.#round = [];
  }

  /** The outputs, best first; one at least. @param unfinished why those end that met no end token */
  best(unfinished: FinishReason): Beam[] {
    const paths = [...this.#completed, ...this.#running.filter(({ tokenIds }) => tokenIds.length > 0)];
    if (paths.length === 0) paths.push(NOTHING);
    return this.#bestOf(paths).map((path, index) => ({
      index,
      text: this.#text(path),
      tokenIds: path.tokenIds,
      logprobs: path.logprobs,
      cumulativeLogprob: path.sum,
      score: this.#score(path),
      finishReason: path.finish === "stop" ? "stop" : unfinished,
      stopReason: path.finish !== "stop" && unfinished === "abort" && this.#isLate ? "timeout" : null,
    }));
  }

  get #isLate(): boolean {
    return performance.now() >= this.#deadline;
  }

  /** What the engine says of the token that comes next in each running beam. */
  async #nextTokens(signal: AbortSignal): Promise<(OutputChunk | undefined)[]> {
    const { cacheSalt } = this.#params;
    const left = Math.max(1, Math.ceil(this.#deadline - performance.now()));
    const options = { ...this.#options, ...(Number.isFinite(left) && { timeoutMs: left }), signal };
    const params = {
      ...(cacheSalt !== undefined && { cacheSalt }),
      maxTokens: 1,
      temperature: 0,
      repetitionPenalty: 1,
      ignoreEos: true,
      logprobs: this.#resolved.alternatives,
    };
    const streams: RequestStream[] = [];
    try {
      for (const { tokenIds, parent } of this.#running) {
        const prompt = new Int32Array(this.#prompt.length + tokenIds.length);
        prompt.set(this.#prompt);
        prompt.set(tokenIds, this.#prompt.length);
        const forkOf = this.#round[parent];
        streams.push(this.#engine.submit({ prompt, params, ...options, ...(forkOf && { forkOf }) }));
      }
      // They hold what they share by now.
      this.release();
      this.#round = streams;
      return await Promise.all(streams.map(tokenChunk));
    } catch (error) {
      for (const stream of streams) stream.abort();
      throw error;
    }
  }

  /** Sorts `paths` in place. */
  #bestOf(paths: Path[]): Path[] {
    return paths.sort((a, b) => this.#score(b) - this.#score(a)).slice(0, this.#resolved.width);
  }

  #score({ tokenIds, sum, finish }: Path): number {
    return this.#scoreOf(sum, tokenIds.length - (finish === "stop" ? 1 : 0));
  }

  #scoreOf(sum: number, length: number): number {
    return sum / (this.#prompt.length + length) ** this.#resolved.lengthPenalty;
  }

  #text({ tokenIds, finish }: Path): string {
    const { tokenizer } = this.#engine;
    if (tokenizer === null) return "";
    const { skipSpecialTokens = true, includeStopStrInOutput = false } = this.#params;
    const promptTail = this.#prompt.subarray(-PROMPT_TAIL);
    const detokenizer = new Detokenizer(tokenizer, { skipSpecialTokens, promptTail });
    const shown = finish === "stop" && !includeStopStrInOutput ? tokenIds.slice(0, -1) : tokenIds;
    return shown.map((id) => detokenizer.push(id)).join("") + detokenizer.finish();
  }
}

function longer({ path, parent, chosen, top, sum }: Candidate, finish: FinishReason): Path {
  const tokenIds = [...path.tokenIds, chosen.tokenId];
  return { tokenIds, logprobs: [...path.logprobs, { ...chosen, top }], sum, finish, parent };
}

/** Undefined for a request that ended without a token. */
async function tokenChunk(stream: RequestStream): Promise<OutputChunk | undefined> {
  let found: OutputChunk | undefined;
  for await (const chunk of stream) if (chunk.logprobs?.length) found ??= chunk;
  return found;
}
