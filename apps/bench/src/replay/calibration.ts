// Rounds of requests whose steps are of all kinds, so that each term of a step's cost can be told from the others.
import type { TracedRequest } from "@octavo/scheduler/simulator";

const DECODE_BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const DECODE_TOKENS = 24;
const PROMPTS = [64, 128, 256, 512, 1024, 2048, 4096, 8192];

/**
 * Requests of each round, all at once: decode at growing batches with short contexts and with longer ones, prompts of growing
 * length, and both together.
 * @param maxNumSeqs larger batches are left out
 * @param maxModelLen longer prompts are left out
 */
export function calibrationRounds(maxNumSeqs: number, maxModelLen: number): TracedRequest[][] {
  const request = (promptTokens: number, outputTokens: number): TracedRequest => ({
    arrival: 0,
    promptTokens,
    outputTokens,
  });
  const rounds: TracedRequest[][] = [];
  for (const batch of DECODE_BATCHES.filter((rows) => rows <= maxNumSeqs)) {
    for (const length of [16, 400]) {
      // Long contexts on large batches would be nearly all prefill.
      if (length * batch > 8192 || length + DECODE_TOKENS > maxModelLen) continue;
      rounds.push(Array.from({ length: batch }, () => request(length, DECODE_TOKENS)));
    }
  }
  for (const length of PROMPTS.filter((tokens) => tokens + 4 <= maxModelLen)) {
    for (let i = 0; i < 3; i++) rounds.push([request(length, 4)]);
  }
  const most = Math.min(512, maxModelLen - 64);
  const mixed = Array.from({ length: 2 * Math.min(maxNumSeqs, 16) }, (_, i) =>
    request(1 + ((i * 197) % most), 4 + ((i * 31) % 60)),
  );
  rounds.push(mixed);
  return rounds;
}
