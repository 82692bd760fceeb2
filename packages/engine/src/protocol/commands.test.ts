import { RowFlags, RowInit } from "@octavo/core";
import { describe, expect, it } from "vitest";
import { resolveSamplingParams } from "../sampling-params.js";
import { decodeAdd, decodeExtraArgs, encodeAdd, type Sharing } from "./commands.js";

const context = { defaults: {}, vocabSize: 1000, maxModelLen: 64, numPromptTokens: 3 };
const float = (bits: number) => new Float32Array(Int32Array.of(bits).buffer)[0];

describe("add command", () => {
  it("carries a request through a flat array", () => {
    const params = resolveSamplingParams({ temperature: 0.5, topP: 0.9, minP: 0.25, topK: 7, seed: 5 }, context);
    const spec = decodeAdd(encodeAdd(42, Int32Array.of(1, 2, 3), params, [8, 9]), 1000);
    expect(spec).toMatchObject({ id: 42, maxTokens: 16, priority: 0, tenant: 0, deadline: Number.POSITIVE_INFINITY });
    expect([...spec.promptTokens]).toEqual([1, 2, 3]);
    expect([...spec.stopTokenIds]).toEqual([8, 9]);
    expect(float(spec.rowInit[RowInit.temperature]!)).toBe(0.5);
    expect(float(spec.rowInit[RowInit.topP]!)).toBe(Math.fround(0.9));
    expect(float(spec.rowInit[RowInit.minP]!)).toBe(0.25);
    expect(spec.rowInit[RowInit.topK]).toBe(7);
  });

  it("carries what edits logits, and extra args of any length", () => {
    for (const text of ["", "a", "ab", "é☃🙂", "x".repeat(999)]) {
      const params = resolveSamplingParams(
        {
          repetitionPenalty: 1.5,
          presencePenalty: -0.5,
          frequencyPenalty: 0.25,
          allowedTokenIds: [4, 5, 6],
          logprobTokenIds: [11, 12],
          repetitionDetection: { maxPatternSize: 20, minPatternSize: 3, minCount: 4 },
          minTokens: 2,
          logitBias: { 9: 2 },
          ...(text && { extraArgs: { text, list: [1, 2] } }),
        },
        context,
      );
      const words = encodeAdd(7, Int32Array.of(1, 2, 3), params, [8]);
      const spec = decodeAdd(words, 0);
      const { stopTokenIds, allowedTokenIds, logprobTokenIds, promptTokens } = spec;
      expect([stopTokenIds, allowedTokenIds, logprobTokenIds, promptTokens].map((ids) => [...ids!])).toEqual([
        [8],
        [4, 5, 6],
        [11, 12],
        [1, 2, 3],
      ]);
      expect([...spec.logitEdits!]).toEqual([...params.logitEdits]);
      expect(spec.repetition).toEqual({ maxPatternSize: 20, minPatternSize: 3, minCount: 4, minTokens: 2 });
      expect(spec.rowInit[RowInit.flags]).toBe(RowFlags.history | RowFlags.allowed | RowFlags.edits);
      const penalties = [RowInit.repetitionPenalty, RowInit.presencePenalty, RowInit.frequencyPenalty];
      expect(penalties.map((word) => float(spec.rowInit[word]!))).toEqual([1.5, -0.5, 0.25]);
      expect(spec.rowInit[RowInit.promptLength]).toBe(3);
      expect(decodeExtraArgs(words)).toEqual(text ? { text, list: [1, 2] } : undefined);
    }
    const plain = decodeAdd(encodeAdd(7, Int32Array.of(1), resolveSamplingParams({}, context), []), 0);
    expect(plain.rowInit[RowInit.flags]).toBe(0);
    expect(plain).not.toHaveProperty("repetition");
    expect(float(plain.rowInit[RowInit.repetitionPenalty]!)).toBe(1);
  });

  it("carries all 64 bits of a seed, and of a number what it always did", () => {
    const bitsOf = (seed: number | bigint) => {
      const { rowInit } = decodeAdd(encodeAdd(7, Int32Array.of(1), resolveSamplingParams({ seed }, context), []), 0);
      return BigInt.asIntN(64, (BigInt(rowInit[RowInit.seedHigh]!) << 32n) | BigInt(rowInit[RowInit.seedLow]! >>> 0));
    };
    for (const seed of [0, 5, -5, 2 ** 31, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]) {
      expect([bitsOf(seed), bitsOf(BigInt(seed))]).toEqual([BigInt(seed), BigInt(seed)]);
    }
    for (const seed of [2n ** 63n - 1n, -(2n ** 63n), 9007199254740993n]) expect(bitsOf(seed)).toBe(seed);
  });

  it("carries how a request is served; its time begins when it is decoded", () => {
    const params = resolveSamplingParams({}, context);
    const options = { priority: -7, tenant: 3, timeoutMs: 250 };
    const spec = decodeAdd(encodeAdd(1, Int32Array.of(1), params, [], 0, options), 1000);
    expect(spec).toMatchObject({ priority: -7, tenant: 3, deadline: 1250 });
  });

  it("carries what a request shares with others", () => {
    const params = resolveSamplingParams({}, context);
    const decoded = (sharing: Sharing) => decodeAdd(encodeAdd(1, Int32Array.of(1), params, [], 0, sharing), 0);
    expect(decoded({})).toMatchObject({ keepBlocks: false, cacheSalt: 0 });
    expect(decoded({}).forkOf).toBeUndefined();
    for (const cacheSalt of [1, 2 ** 31, 2 ** 32 + 5, 2 ** 47]) {
      expect(decoded({ forkOf: 7, keepBlocks: true, cacheSalt })).toMatchObject({
        forkOf: 7,
        keepBlocks: true,
        cacheSalt,
      });
    }
  });

  it("keeps different seeds different, negative and beyond 32 bits", () => {
    const words = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER].map(
      (seed) => {
        const { rowInit } = decodeAdd(encodeAdd(1, Int32Array.of(1), resolveSamplingParams({ seed }, context), []), 0);
        return `${rowInit[RowInit.seedLow]},${rowInit[RowInit.seedHigh]}`;
      },
    );
    expect(new Set(words).size).toBe(words.length);
  });
});
