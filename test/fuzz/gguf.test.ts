// Small valid GGUF files, damaged thousands of times: always an OctavoError, or tensors inside of the file, a model and a tokenizer;
// at once and without a large allocation. (safetensors: packages/core/src/containers/safetensors.test.ts.) OCTAVO_FUZZ_SEED=<number> runs one seed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf, hostStorage, openGguf } from "@octavo/core";
import { createNullBackend, ggufBytes, type Random, seededRandom } from "@octavo/core/testing";
import { loadModel } from "@octavo/models";
import { Tokenizer } from "@octavo/tokenizer";
import { afterAll, expect, test, vi } from "vitest";
import { LIES, measured } from "./damaged-files.js";

const fixedSeed = process.env.OCTAVO_FUZZ_SEED;
const seeds = fixedSeed ? [Number(fixedSeed)] : Array.from({ length: 2000 }, (_, i) => i);

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

/** @param headerBytes where damage is done */
function damage(good: Uint8Array, headerBytes: number, random: Random): Uint8Array {
  let bytes = Uint8Array.from(good);
  for (let changes = 1 + random.integer(3); changes > 0; changes--) {
    const at = random.integer(headerBytes - 8);
    const view = new DataView(bytes.buffer);
    const kind = random.integer(10);
    if (kind < 3) bytes[at]! ^= 1 << random.integer(8);
    else if (kind < 5) bytes[at] = random.integer(256);
    else if (kind < 7) view.setBigUint64(at, LIES[random.integer(LIES.length)]!, true);
    else if (kind < 8) view.setUint32(at, random.integer(16), true);
    else if (kind < 9) {
      const removed = 1 + random.integer(16);
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + removed)]);
    } else return bytes.slice(0, random.integer(bytes.byteLength));
  }
  return bytes;
}

const outcomes = { used: 0, refused: 0 };

test("the container", async () => {
  Object.assign(outcomes, { used: 0, refused: 0 });
  for (const seed of seeds) {
    const bytes = damage(GOOD, HEADER_BYTES, seededRandom(seed));
    await measured(seed, outcomes, () => {
      const { tensors } = openGguf("model.gguf", () => hostStorage(bytes));
      // bytesOf throws when a view leaves the storage.
      for (const { data } of tensors.values()) bytesOf(data);
    });
  }
  if (fixedSeed) return;
  expect(outcomes.used).toBeGreaterThan(50);
  expect(outcomes.refused).toBeGreaterThan(1000);
});

const folder = mkdtempSync(join(tmpdir(), "octavo-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("model and tokenizer", async () => {
  Object.assign(outcomes, { used: 0, refused: 0 });
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const tiny = readFileSync(new URL("../fixtures/gguf/tiny.gguf", import.meta.url));
  const headerBytes = tiny.indexOf("output_norm.weight") + 50;
  const backend = createNullBackend();
  const path = join(folder, "tiny.gguf");
  for (const seed of seeds.slice(0, 600)) {
    const random = seededRandom(seed);
    // Most of the header is tokens; what matters lies before and behind them.
    const bytes = damage(tiny, random.integer(2) === 0 ? 1000 : headerBytes, random);
    writeFileSync(path, bytes);
    await measured(seed, outcomes, () => loadModel(path, backend, { maxModelLen: 64 }).dispose());
    await measured(seed, outcomes, async () => {
      const tokenizer = await Tokenizer.load(path);
      tokenizer.decode(tokenizer.encode("the king <|user|> is 7 years old"));
    });
  }
  vi.restoreAllMocks();
  if (fixedSeed) return;
  expect(outcomes.used).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(300);
});
