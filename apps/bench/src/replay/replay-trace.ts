// Feeds a trace to an engine core at the times it says, and measures what the simulator predicts, with the simulator's metrics.
import { type EngineCore, encodeAdd, OUTPUT_WORDS, resolveSamplingParams } from "@octavo/engine/core";
import { promptTokenIds, RequestTimes, RunMetrics, type TracedRequest } from "@octavo/scheduler/simulator";
import { type Clock, wallClock } from "./clock.js";

export interface ReplayEngine {
  readonly core: EngineCore;
  readonly vocabSize: number;
  readonly maxModelLen: number;
}

/**
 * Runs until every request has its last token.
 * @param requests in order of arrival
 * @param firstIndex of the requests, so that those of several calls have different prompts
 * @param startClock called when the first request may come; tests have a clock of their own
 */
export function replayTrace(
  engine: ReplayEngine,
  requests: readonly TracedRequest[],
  firstIndex = 0,
  startClock: () => Clock = wallClock,
): RunMetrics {
  const { core, vocabSize, maxModelLen } = engine;
  const metrics = new RunMetrics();
  const live = new Map<number, RequestTimes>();
  // Before the clock starts: a client would do this.
  const commands = requests.map((request, i) => {
    const prompt = promptTokenIds(request, firstIndex + i, vocabSize);
    const context = { defaults: {}, vocabSize, maxModelLen, numPromptTokens: prompt.length };
    const params = { maxTokens: request.outputTokens, temperature: 0, ignoreEos: true };
    return encodeAdd(firstIndex + i, prompt, resolveSamplingParams(params, context), []);
  });
  const clock = startClock();
  let next = 0;
  while (next < requests.length || live.size > 0) {
    for (; next < requests.length && requests[next]!.arrival <= clock.now(); next++) {
      live.set(firstIndex + next, new RequestTimes(requests[next]!));
      core.handle(commands[next]!);
    }
    if (!core.step()) {
      clock.waitUntil(requests[next]!.arrival);
      continue;
    }
    const outputs = core.outputs.take();
    const now = clock.now();
    for (let i = 0; i < outputs.length; i += OUTPUT_WORDS) {
      const request = live.get(outputs[i]!)!;
      if (request.outputTokens === 0) metrics.queueTime.add(outputs[i + 4]! / 1e6);
      metrics.token(request, now, outputs[i + 3]!);
      if (outputs[i + 2] === 0) continue;
      live.delete(outputs[i]!);
      metrics.finish(request);
    }
  }
  return metrics;
}
