import { describe, expect, test } from "vitest";
import { decodeBlocks } from "../blocks/decode.js";
import { type BlockFormat, COMPUTED_FORMATS } from "../blocks/format.js";
import { encodeBlocks, randomBlocks } from "./blocks.js";
import { seededRandom } from "./random.js";

function decoded(format: BlockFormat, bytes: Uint8Array, count: number): Float32Array {
  const out = new Float32Array(count);
  decodeBlocks(format, bytes, out);
  return out;
}

describe("encoded values come back within half a step", () => {
  test.each([
    ["q8_0", 254],
    ["q4_0", 15],
    ["q4_1", 15],
    ["q5_0", 31],
    ["q5_1", 31],
  ] as const)("%s", (format, steps) => {
    const random = seededRandom(1);
    const values = Float32Array.from({ length: 320 }, (_, i) => (i < 32 ? 0 : random.normal()));
    const back = decoded(format, encodeBlocks(format, values), values.length);
    for (let block = 0; block < 10; block++) {
      const [wanted, got] = [values, back].map((all) => all.subarray(32 * block, 32 * block + 32));
      const range = format.endsWith("1")
        ? Math.max(...wanted!) - Math.min(...wanted!)
        : 2 * Math.max(...wanted!.map(Math.abs));
      const worst = Math.max(...wanted!.map((value, i) => Math.abs(value - got![i]!)));
      // A format without a minimum has one code less on one side; scales are rounded to float16.
      expect(worst, `block ${block}`).toBeLessThanOrEqual((range / steps) * (format.endsWith("_0") ? 1.05 : 0.55));
    }
  });
});

test.each(COMPUTED_FORMATS)("random %s blocks have the deviation asked for", (format) => {
  const values = decoded(format, randomBlocks(format, 256 * 40, seededRandom(2), 0.25), 256 * 40);
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  expect(deviation).toBeGreaterThan(0.2);
  expect(deviation).toBeLessThan(0.32);
});

test("K formats have no encoder", () => {
  expect(() => encodeBlocks("q4_k", new Float32Array(256))).toThrow(/no encoder for q4_k/);
});
