// What becomes of the tokens that a step sampled: they are appended, checked against drafts, counted and reported.
import type { Drafting } from "./drafting.js";
import { FinishReason } from "./finish-reason.js";
import type { InFlightStep } from "./in-flight-steps.js";
import type { OutputSink } from "./output-sink.js";
import type { SchedulingPolicy } from "./policy/scheduling-policy.js";
import { NO_ROW, type Request } from "./request.js";
import type { MutableStats } from "./scheduler-stats.js";

export class StepResults {
  readonly #policy: SchedulingPolicy;
  readonly #stats: MutableStats;
  readonly #drafting: Drafting | undefined;
  readonly #end: (request: Request, keepBlocks: boolean) => void;

  /** @param end called when a request has its last token, before that is reported */
  constructor(
    policy: SchedulingPolicy,
    stats: MutableStats,
    drafting: Drafting | undefined,
    end: (request: Request, keepBlocks: boolean) => void,
  ) {
    this.#policy = policy;
    this.#stats = stats;
    this.#drafting = drafting;
    this.#end = end;
  }

  /** Takes and reports a step's tokens; those of requests that ended meanwhile are dropped. @param tokens in the plan's sample order; may be longer */
  take(step: InFlightStep, tokens: Int32Array, sink: OutputSink): void {
    for (const { request, first, count } of step.scoredPrompts) {
      if (!request.finished) sink.onPromptLogprobs?.(request.id, first, count, request.promptLogprobs);
    }
    let first = 0;
    for (let i = 0; i < step.length; i++) {
      const samples = step.samples(i);
      if (!step.request(i).finished) this.#takeSamples(step.request(i), tokens, first, samples, sink);
      first += samples;
    }
  }

  /** Takes a request's samples: while each is what was drafted in its place, the next one is right as well. */
  #takeSamples(request: Request, tokens: Int32Array, first: number, samples: number, sink: OutputSink): void {
    const isFirst = request.length === request.promptLength;
    const { drafts, length: before } = request;
    let finish: FinishReason = FinishReason.none;
    let taken = 0;
    for (let goesOn = true; goesOn; ) {
      const token = tokens[first + taken]!;
      goesOn = taken < drafts && request.confirms(token);
      finish = request.append(token);
      if (finish !== FinishReason.none) goesOn = false;
      if (finish !== FinishReason.error) this.#policy.sampled?.(request);
      taken++;
    }
    request.pending -= samples;
    request.drafts = 0;
    // What was computed for wrong drafts is computed again, in the same places.
    if (drafts > 0 && request.row !== NO_ROW) request.computed = before + taken - 1;
    // A token that was in flight when its block was filled can be hashed only now.
    request.sequence.commit(request.tokens, Math.min(request.computed, request.length));
    if (isFirst) this.#stats.promptTokens += request.promptLength;
    this.#stats.generationTokens += finish === FinishReason.error ? taken - 1 : taken;
    if (drafts > 0) this.#countDrafts(request, drafts, taken - 1);
    if (finish !== FinishReason.none) this.#end(request, request.keepBlocks && finish !== FinishReason.error);
    for (let i = 0; i < taken; i++) {
      const last = i === taken - 1 ? finish : FinishReason.none;
      const { id, cachedTokens, logprobs, logprobTokenIds } = request;
      sink.onToken(id, tokens[first + i]!, last, cachedTokens, first + i, logprobs, logprobTokenIds.length);
    }
  }

  #countDrafts(request: Request, drafts: number, accepted: number): void {
    this.#stats.numDrafts++;
    this.#stats.numDraftTokens += drafts;
    this.#stats.numAcceptedTokens += accepted;
    this.#drafting!.verified(request, drafts, accepted);
  }
}
