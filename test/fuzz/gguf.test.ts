// A small valid GGUF file, damaged 2,000 times: always an OctavoError or tensors inside of the file, at once and without a large
// allocation. (safetensors: packages/core/src/containers/safetensors.test.ts.) OCTAVO_FUZZ_SEED=<number> runs one seed.
import { bytesOf, hostStorage, OctavoError, openGguf } from "@octavo/core";
import { ggufBytes, type Random, seededRandom } from "@octavo/core/testing";
import { expect, test } from "vitest";

const fixedSeed = process.env.OCTAVO_FUZZ_SEED;
const seeds = fixedSeed ? [Number(fixedSeed)] : Array.from({ length: 2000 }, (_, i) => i);
const MAX_MS = 1000;
const MAX_BYTES = 64 * 2 ** 20;

const GOOD = ggufBytes({
  metadata: {
    "general.architecture": "llama",
    "general.alignment": 32,
    "llama.rope.freq_base": 0.5,
    "tokenizer.ggml.add_bos_token": true,
    "tokenizer.ggml.tokens": ["a", "b", "ü", ""],
    "tokenizer.ggml.scores": Float32Array.of(0, -1, -2, -3),
    "tokenizer.ggml.token_type": Int32Array.of(1, 1, 3, 6),
  },
  tensors: [
    { name: "token_embd.weight", shape: [4, 32], type: 8, data: new Uint8Array(136) },
    { name: "blk.0.attn_q.weight", shape: [3, 256], type: 14, data: new Uint8Array(630) },
    { name: "output_norm.weight", shape: [32], data: new Uint8Array(128) },
  ],
});
const HEADER_BYTES = GOOD.byteLength - (136 + 24 + 630 + 10 + 128);

/** Numbers that sizes and counts lie with. */
const LIES = [0n, 1n, 31n, 2n ** 16n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

function damage(random: Random): Uint8Array {
  let bytes = Uint8Array.from(GOOD);
  for (let changes = 1 + random.integer(3); changes > 0; changes--) {
    const at = random.integer(HEADER_BYTES - 8);
    const view = new DataView(bytes.buffer);
    const kind = random.integer(10);
    if (kind < 3) bytes[at]! ^= 1 << random.integer(8);
    else if (kind < 5) bytes[at] = random.integer(256);
    else if (kind < 7) view.setBigUint64(at, LIES[random.integer(LIES.length)]!, true);
    else if (kind < 8) view.setUint32(at, random.integer(16), true);
    else if (kind < 9)
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + random.integer(16))]);
    else return bytes.slice(0, random.integer(bytes.byteLength));
  }
  return bytes;
}

test("damaged files", () => {
  const outcomes = { read: 0, refused: 0 };
  const started = process.memoryUsage();
  for (const seed of seeds) {
    const bytes = damage(seededRandom(seed));
    const start = performance.now();
    try {
      const { tensors } = openGguf("model.gguf", () => hostStorage(bytes));
      // bytesOf throws when a view leaves the storage.
      for (const { data } of tensors.values()) bytesOf(data);
      outcomes.read++;
    } catch (error) {
      expect(OctavoError.isInstance(error), `seed ${seed}: ${(error as Error).stack}`).toBe(true);
      expect((error as OctavoError).code, `seed ${seed}`).toMatch(/CHECKPOINT|UNSUPPORTED/);
      outcomes.refused++;
    }
    expect(performance.now() - start, `seed ${seed}`).toBeLessThan(MAX_MS);
    const { arrayBuffers } = process.memoryUsage();
    expect(arrayBuffers - started.arrayBuffers, `seed ${seed}`).toBeLessThan(MAX_BYTES);
  }
  if (fixedSeed) return;
  expect(outcomes.read).toBeGreaterThan(50);
  expect(outcomes.refused).toBeGreaterThan(1000);
});
