// Frequencies against what transformers computed (test/fixtures/rope-golden.json), and the formulas written a second time in
// float64, straight from the papers.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConfigReader } from "./hf-config.js";
import { fillRopeTable, ropeFrequencies } from "./rope.js";
import { readRopeConfig } from "./rope-config.js";

interface GoldenRope {
  readonly name: string;
  readonly config: Record<string, unknown> & { head_dim: number; max_position_embeddings: number };
  readonly configV4: Record<string, unknown>;
  readonly results: readonly { seqLen: number; attentionScaling: number; invFreq: number[] }[];
}

const path = new URL("../../../test/fixtures/rope-golden.json", import.meta.url);
const golden = (JSON.parse(readFileSync(path, "utf8")) as { cases: GoldenRope[] }).cases;

function ropeOf(fields: Record<string, unknown>, headDim = 64, maxPositions = 4096) {
  return readRopeConfig(new ConfigReader("config.json", fields), headDim, maxPositions);
}

describe.each(golden.map((g) => [g.name, g] as const))("transformers: %s", (_, { config, configV4, results }) => {
  test("both dialects mean the same", () => {
    const [v5, v4] = [config, configV4].map((c) => ropeOf(c, config.head_dim, config.max_position_embeddings));
    expect(v4).toEqual(v5);
  });

  test.each(results.map((r) => [r.seqLen, r] as const))("sequences of %i", (seqLen, { invFreq, attentionScaling }) => {
    const rope = ropeOf(config, config.head_dim, config.max_position_embeddings);
    const found = ropeFrequencies(rope, seqLen);
    expect(found.attentionScaling).toBeCloseTo(attentionScaling, 6);
    expect(found.inverse).toHaveLength(invFreq.length);
    for (const [i, expected] of invFreq.entries()) {
      // A few float32 steps: powf is not rounded the same everywhere, and blending adds to that.
      expect(Math.abs(found.inverse[i]! / expected - 1), `frequency ${i}`).toBeLessThan(5e-7);
    }
  });
});

describe("formulas in float64", () => {
  const dim = 64;
  const plain = Array.from({ length: dim / 2 }, (_, i) => 500000 ** ((-2 * i) / dim));
  const close = (found: Float32Array, expected: number[]) => {
    for (const [i, value] of expected.entries()) expect(found[i]! / value).toBeCloseTo(1, 5);
  };

  test("llama3 keeps short wavelengths, divides long ones, blends between", () => {
    const scaling = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
    const rope = ropeOf({ rope_theta: 500000, rope_scaling: { rope_type: "llama3", ...scaling } });
    const turns = (f: number) => (8192 * f) / (2 * Math.PI);
    const kinds = new Set<string>();
    const expected = plain.map((f) => {
      const kept = Math.min(1, Math.max(0, (turns(f) - 1) / (4 - 1)));
      kinds.add(kept === 0 ? "divided" : kept === 1 ? "kept" : "blended");
      return kept * f + ((1 - kept) * f) / 8;
    });
    expect(kinds.size).toBe(3);
    close(ropeFrequencies(rope, 1).inverse, expected);
  });

  test("yarn with mscale of DeepSeek", () => {
    const scaling = { factor: 40, original_max_position_embeddings: 4096, mscale: 1, mscale_all_dim: 0.5 };
    const { attentionScaling } = ropeFrequencies(ropeOf({ rope_scaling: { type: "yarn", ...scaling } }), 1);
    expect(attentionScaling).toBeCloseTo((0.1 * Math.log(40) + 1) / (0.05 * Math.log(40) + 1), 12);
  });

  test("dynamic reaches the scaled length with the base that NTK-aware scaling gives", () => {
    const rope = ropeOf({ rope_theta: 500000, rope_scaling: { type: "dynamic", factor: 4 } });
    const base = 500000 * (4 * 2 - 3) ** (dim / (dim - 2));
    close(ropeFrequencies(rope, 4096).inverse, plain);
    close(
      ropeFrequencies(rope, 8192).inverse,
      plain.map((_, i) => base ** ((-2 * i) / dim)),
    );
  });

  test("longrope changes at original_max_position_embeddings", () => {
    const factors = { short_factor: Array(32).fill(1), long_factor: Array(32).fill(4) };
    const rope = ropeOf({
      rope_theta: 500000,
      original_max_position_embeddings: 1024,
      rope_scaling: { type: "su", ...factors },
    });
    close(ropeFrequencies(rope, 1024).inverse, plain);
    close(
      ropeFrequencies(rope, 1025).inverse,
      plain.map((f) => f / 4),
    );
  });

  test("partial rotation uses the leading dimensions only", () => {
    const rope = ropeOf({ partial_rotary_factor: 0.5 });
    expect(rope.rotaryDim).toBe(32);
    expect(ropeFrequencies(rope, 1).inverse).toHaveLength(16);
  });
});

test("the table has a position's cosines, then its sines, times the attention scaling", () => {
  const inverse = new Float32Array([1, 0.25]);
  const table = new Float32Array(3 * 4);
  fillRopeTable(table, { inverse, attentionScaling: 2 });
  const row = (p: number) => [2 * Math.cos(p), 2 * Math.cos(p / 4), 2 * Math.sin(p), 2 * Math.sin(p / 4)];
  for (const [i, value] of [0, 1, 2].flatMap(row).entries()) expect(table[i]).toBeCloseTo(value, 6);
});

test("angles are rounded as transformers rounds them", () => {
  const table = new Float32Array(100_001 * 2);
  const inverse = new Float32Array([0.749894202]);
  fillRopeTable(table, { inverse, attentionScaling: 1 });
  expect(table[200_000]).toBe(Math.fround(Math.cos(Math.fround(100_000 * inverse[0]!))));
});

describe("damaged settings", () => {
  const llama3 = { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
  const long = { rope_type: "longrope", short_factor: Array(32).fill(1), long_factor: Array(32).fill(1) };
  test.each([
    ["rope_theta", { rope_theta: 0 }],
    ["rope_theta", { rope_theta: "10000" }],
    ["rope_parameters.rope_theta", { rope_parameters: { rope_theta: -1 } }],
    ["rope_scaling", { rope_scaling: 4 }],
    ["rope_scaling.factor", { rope_scaling: { type: "linear" } }],
    ["rope_scaling.factor", { rope_scaling: { type: "linear", factor: 0 } }],
    ["rope_scaling.factor", { rope_scaling: { type: "dynamic", factor: 0.5 } }],
    ["rope_scaling.rope_type", { rope_scaling: { rope_type: 3 } }],
    ["rope_scaling.high_freq_factor", { rope_scaling: { ...llama3, high_freq_factor: 1 } }],
    [
      "rope_scaling.original_max_position_embeddings",
      { rope_scaling: { ...llama3, original_max_position_embeddings: 1 } },
    ],
    ["rope_scaling.long_factor", { rope_scaling: { ...long, long_factor: Array(31).fill(1) } }],
    ["rope_scaling.short_factor", { rope_scaling: { ...long, short_factor: Array(32).fill(0) } }],
    ["rope_scaling.truncate", { rope_scaling: { type: "yarn", factor: 2, truncate: 1 } }],
    ["partial_rotary_factor", { partial_rotary_factor: 0.01 }],
    ["partial_rotary_factor", { partial_rotary_factor: 1.5 }],
  ])("%s: %j", (param, fields) => {
    expect(() => ropeOf(fields)).toThrow(expect.objectContaining({ code: "CHECKPOINT", param }));
  });

  test.each([
    ["rope_scaling.rope_type", { rope_scaling: { rope_type: "spiral" } }],
    ["rope_scaling.type", { rope_scaling: { type: "ntk" } }],
    ["rope_parameters.full_attention", { rope_parameters: { full_attention: { rope_theta: 1e6 } } }],
  ])("%s is not supported: %j", (param, fields) => {
    expect(() => ropeOf(fields)).toThrow(expect.objectContaining({ code: "UNSUPPORTED", param }));
  });
});
