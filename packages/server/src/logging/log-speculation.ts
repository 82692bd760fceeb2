// How speculative decoding does, now and then, in the words of vLLM's log.
import type { Engine, EngineStats } from "@octavo/engine";
import type { Logger } from "pino";

const INTERVAL_MS = 10_000;

/** Logs at info level what was drafted since the last time, if anything was. @returns stops it */
export function logSpeculation(engine: Pick<Engine, "stats">, logger: Logger, intervalMs = INTERVAL_MS): () => void {
  let last = engine.stats;
  const timer = setInterval(() => {
    const stats = engine.stats;
    if (stats.numDrafts > last.numDrafts) logger.info(describe(last, stats), "speculative decoding");
    last = stats;
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

function describe(before: EngineStats, now: EngineStats) {
  const drafts = now.numDrafts - before.numDrafts;
  const draftTokens = now.numDraftTokens - before.numDraftTokens;
  const acceptedTokens = now.numAcceptedTokens - before.numAcceptedTokens;
  return {
    // Tokens of a step with drafts, the one that needs none included.
    meanAcceptanceLength: rounded(1 + acceptedTokens / drafts),
    acceptanceRate: rounded(acceptedTokens / draftTokens),
    perPosition: now.numAcceptedTokensPerPos.map((count, i) => {
      return rounded((count - (before.numAcceptedTokensPerPos[i] ?? 0)) / drafts);
    }),
    drafts,
    draftTokens,
    acceptedTokens,
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
