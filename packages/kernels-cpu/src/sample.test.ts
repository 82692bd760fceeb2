import { gumbel, NO_TOKEN } from "@octavo/core";
import { afterAll, describe, expect, test } from "vitest";
import { ISAS, make, makeBatch, randomNumbers, values } from "../test/tensors.js";
import { createBackend } from "./index.js";

const SEED = 99;

interface Settings {
  readonly temperature?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly topK?: number;
  readonly seed?: number;
  readonly choice?: number;
}

/** Sampling by sorting, straight from the definition in ops.ts. */
function reference(logits: Float32Array, position: number, settings: Settings): number {
  const { temperature = 0, topP = 1, minP = 0, topK = 0, seed = 0, choice = 0 } = settings;
  const clean = Array.from(logits, (v) => (Number.isNaN(v) ? Number.NEGATIVE_INFINITY : v));
  const scaled = clean.map((v) => (temperature > 0 ? Math.fround(v / Math.fround(temperature)) : v));
  let order = scaled.map((z, id) => ({ z, id })).sort((a, b) => b.z - a.z || a.id - b.id);
  if (temperature === 0) return order[0]!.id;
  const most = order[0]!.z;
  order = order.filter(({ z }) => Math.exp(z - most) >= Math.fround(minP));
  if (topK > 0 && order.length > topK) {
    const kth = order[topK - 1]!.z;
    order = order.filter(({ z }) => z >= kth);
  }
  const total = order.reduce((sum, { z }) => sum + Math.exp(z - most), 0);
  let reached = 0;
  let length = 0;
  while (length < order.length && reached < Math.fround(topP) * total) reached += Math.exp(order[length++]!.z - most);
  if (topP < 1) order = order.slice(0, length);
  const scores = order.map(({ z, id }) => ({ id, score: z + gumbel(seed, 0, position, choice, id) }));
  return scores.reduce((best, next) =>
    next.score > best.score || (next.score === best.score && next.id < best.id) ? next : best,
  ).id;
}

describe.each(ISAS)("sample (%s)", (isa) => {
  const backend = createBackend({ isa, numThreads: 2 });
  afterAll(() => backend.dispose());

  /** One sample for each settings, all from the same logits; row i samples position 10 + i % 6. */
  function sample(logits: Float32Array, all: readonly Settings[]): { tokens: number[]; lastTokens: number[] } {
    const rows = all.map(({ temperature = 0, topP = 1, minP = 0, topK = 0, seed = 0, choice = 0 }, i) => ({
      row: i,
      contextLen: 9 + (i % 6),
      tokens: [1],
      samples: true,
      sampling: [temperature, topP, minP, topK, seed, 0, choice] as const,
    }));
    const batch = makeBatch(backend, rows, { maxRows: rows.length, maxTokens: rows.length });
    backend.ops.prepareBatch(batch);
    const tokens = make(backend, "int32", [rows.length], () => -1);
    backend.ops.sample(
      tokens,
      make(backend, "float32", [rows.length, logits.length], (i) => logits[i % logits.length]!),
      batch,
    );
    const result = { tokens: values(tokens), lastTokens: values(batch.tables.lastTokens) };
    for (const { storage } of [tokens, batch.plan]) storage.dispose();
    return result;
  }

  test.each([1, 5, 8, 77, 3001])("agrees with a sort of the whole vocabulary of %i", (vocabulary) => {
    const random = randomNumbers(SEED + vocabulary);
    const settings: Settings[] = [];
    for (let i = 0; i < 150; i++) {
      settings.push({
        temperature: [0, 0.3, 1, 2.5][i % 4],
        topP: [1, 0.9, 0.3, 1e-6][(i >> 2) % 4],
        minP: [0, 0.05, 0.7][i % 3],
        topK: [0, 1, 3, 40][(i >> 3) % 4],
        seed: i * 7919,
        choice: i % 5,
      });
    }
    // Rounded logits make many ties.
    for (const step of [0, 0.5]) {
      const logits = Float32Array.from({ length: vocabulary }, () =>
        step ? Math.round((8 * random()) / step) * step : 8 * random(),
      );
      const { tokens, lastTokens } = sample(logits, settings);
      expect(tokens, `seed ${SEED}`).toEqual(settings.map((s, i) => reference(logits, 10 + (i % 6), s)));
      expect(lastTokens).toEqual(tokens);
    }
  });

  test("greedy: the lowest id of the largest; NaN never wins; nothing but NaN gives none", () => {
    const greedy = (logits: number[], temperature = 0) =>
      sample(Float32Array.from(logits), [{ temperature }]).tokens[0];
    for (const temperature of [0, 1]) {
      expect(greedy([Number.NaN, -5, Number.NaN], temperature)).toBe(1);
      expect(greedy(Array(11).fill(Number.NaN), temperature)).toBe(NO_TOKEN);
      expect(greedy(Array(9).fill(-Infinity), temperature)).toBe(NO_TOKEN);
      expect(greedy([...Array(20).fill(1), Infinity, Infinity], temperature)).toBe(20);
    }
    expect(greedy([-3, -1, -1, -2])).toBe(1);
    expect(greedy([...Array(10).fill(-7), -6])).toBe(10);
    expect(greedy([1, 2, 3], 1e-40)).toBe(2);
  });

  test("frequencies follow the softmax", () => {
    const logits = Float32Array.from([0, 1, 2, 3, -1]);
    const draws = 4000;
    const { tokens } = sample(
      logits,
      Array.from({ length: draws }, (_, i) => ({ temperature: 1, seed: 31 * i + 5 })),
    );
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    for (const [token, z] of logits.entries()) {
      const share = Math.exp(z) / total;
      const found = tokens.filter((t) => t === token).length / draws;
      expect(Math.abs(found - share), `token ${token}`).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / draws));
    }
  });
});
