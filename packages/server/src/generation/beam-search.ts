// Beam searches of one request: every prompt's beams as choices of its reply.
import { OctavoError } from "@octavo/core";
import type { Beam, BeamSearchParams, Engine, FinishReason, RequestOptions } from "@octavo/engine";
import { badRequest } from "../errors/api-error.js";
import type { Metrics } from "../metrics/metrics.js";
import { RequestTimer, type RequestTimes } from "../metrics/request-timer.js";
import type { Output } from "./collect.js";
import type { PromptJob } from "./generation.js";

/** One prompt's search, as usage and log count it. */
export class BeamGeneration {
  readonly job: PromptJob;
  /** Of the beams that are returned. */
  completionTokens = 0;
  readonly cachedTokens = 0;
  finishReason: FinishReason | null = null;
  readonly #timer: RequestTimer;

  constructor(metrics: Metrics, job: PromptJob) {
    this.#timer = new RequestTimer(metrics);
    this.job = job;
  }

  get promptTokens(): number {
    return this.job.prompt.length;
  }

  get times(): RequestTimes {
    return this.#timer.times;
  }

  /** @param alternatives as many as the reply shows; undefined: no logprobs. @throws what Engine.beamSearch throws */
  async run(
    engine: Engine,
    params: BeamSearchParams,
    alternatives: number | undefined,
    options: RequestOptions,
  ): Promise<Output[]> {
    const { job, promptTokens, cachedTokens } = this;
    const facts = { promptTokens, cachedTokens, queueSeconds: 0 };
    try {
      const { beams, weightVersion } = await engine.beamSearch(job.prompt, params, options);
      this.completionTokens = beams.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
      this.finishReason = beams[0]?.finishReason ?? "abort";
      this.#timer.tokens(this.completionTokens);
      this.#timer.finish(this.finishReason, facts);
      return beams.map((beam) => toOutput(job, beam, alternatives, weightVersion));
    } catch (error) {
      this.#timer.finish("error", facts);
      throw isOfWidth(error) ? badRequest(error.message.replace("beam_width", "`n`"), "n") : error;
    }
  }
}

/** Over HTTP the beam width is `n`. */
function isOfWidth(error: unknown): error is OctavoError {
  return OctavoError.isInstance(error) && error.param === "beam_width";
}

function toOutput(job: PromptJob, beam: Beam, alternatives: number | undefined, weightVersion: string): Output {
  const { text, tokenIds, logprobs, finishReason, stopReason } = beam;
  const shown = logprobs.map((position) => ({ ...position, top: position.top.slice(0, alternatives) }));
  return {
    source: { job, promptLogprobs: null, finishReason, stopReason, weightVersion },
    text,
    tokenIds,
    logprobs: alternatives === undefined ? null : shown,
  };
}
