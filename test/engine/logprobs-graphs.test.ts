// Logprobs where the device runs beside the host and decode steps are graphs: the records are those of a plain engine, to the bit.
import type { Backend } from "@octavo/core";
import { LOGPROBS_MODES, type LogprobsMode } from "@octavo/engine";
import {
  createStatsBuffer,
  encodeAdd,
  loadCore,
  logprobsRecordWords,
  OUTPUT_WORDS,
  readStats,
  resolveSamplingParams,
} from "@octavo/engine/core";
import { createBackend } from "@octavo/kernels-cpu";
import { expect, test } from "vitest";
import { lazyBackend } from "./lazy-backend.js";

const folder = new URL("../fixtures/models/llama-gqa-tied", import.meta.url).pathname;
const NUM_REQUESTS = 10;

/** What each request got, in order: token, finish and cached tokens of its token records, and all of its logprobs records. */
async function records(backend: Backend, logprobsMode: LogprobsMode) {
  const stats = new Float64Array(createStatsBuffer());
  const options = { maxNumSeqs: 4, maxNumBatchedTokens: 32, maxModelLen: 96, logprobsMode };
  const { core } = await loadCore(folder, { dtype: "float32", ...options }, stats, backend);
  for (let id = 1; id <= NUM_REQUESTS; id++) {
    const prompt = Int32Array.from({ length: 3 + 5 * id }, (_, t) => (t * 31 + 7 * id) % 96);
    const context = { defaults: {}, vocabSize: 96, maxModelLen: 96, numPromptTokens: prompt.length };
    const named = id % 4 === 1 ? { logprobTokenIds: [id, 95, 2 * id].slice(0, 1 + (id % 3)) } : null;
    const logprobs = id % 3 === 0 || named ? null : id;
    const wishes = { logprobs, promptLogprobs: id % 2 === 0 ? id % 5 : null, ...named };
    // Half of them edit their logits, so that steps of either kind occur.
    const edits = id > NUM_REQUESTS / 2 ? { presencePenalty: 1.5, logitBias: { 7: 3 } } : {};
    const params = resolveSamplingParams({ temperature: 0.8, seed: id, maxTokens: 20, ...wishes, ...edits }, context);
    core.handle(encodeAdd(id, prompt, params, []));
  }
  const perRequest = new Map<number, number[]>();
  const take = () => {
    const words = core.outputs.take();
    for (let i = 0; i < words.length; ) {
      const id = Math.abs(words[i]!);
      const isToken = words[i]! > 0;
      const length = isToken ? OUTPUT_WORDS : logprobsRecordWords(words, i);
      const end = i + (isToken ? 4 : length); // then how long it waited, which no two runs have in common
      perRequest.set(id, [...(perRequest.get(id) ?? []), ...words.subarray(i, end)]);
      i += length;
    }
  };
  while (core.step()) take();
  take();
  const { numGraphs } = readStats(stats);
  core.dispose();
  return { perRequest, numGraphs };
}

test.each(LOGPROBS_MODES)("%s by graphs, two steps in flight = op by op, one after the other", async (mode) => {
  const plain = await records(createBackend(), mode);
  const lazy = lazyBackend(createBackend());
  const graphs = await records(lazy.backend, mode);
  expect(graphs.numGraphs).toBeGreaterThan(1);
  expect(lazy.launches()).toBeGreaterThan(10);
  expect(plain.perRequest.size).toBe(NUM_REQUESTS);
  expect(graphs.perRequest).toEqual(plain.perRequest);
  const words = [...plain.perRequest.values()].map((record) => record.length);
  expect(Math.min(...words)).toBe(4 * 20); // request 3 asks for none
});
