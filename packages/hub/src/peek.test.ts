import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSafetensors, readGgufBytes, readGgufHeaders, readHeaderOnly } from "@octavo/core";
import { ggufBytes } from "@octavo/core/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { COMMIT, ID, scratch } from "../test-support/scratch.js";
import { peek } from "./peek.js";
import { pull } from "./pull.js";
import type { HubReference } from "./reference.js";

const REFERENCE: HubReference = { kind: "hub", host: "huggingface", id: ID };
const CONFIG = Buffer.from('{"architectures": ["LlamaForCausalLM"]}');
const VOCABULARY = Buffer.alloc(500_000, "x");
const INDEX = "model.safetensors.index.json";
const SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;

/** One tensor of 100,000 bytes. */
function shard(name: string): { readonly bytes: Buffer; readonly headerBytes: number } {
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: "F32", shape: [25_000], data_offsets: [0, 100_000] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return { bytes: Buffer.concat([length, header, Buffer.alloc(100_000, 1)]), headerBytes: 8 + header.length };
}

const [first, second] = [shard("a"), shard("b.weight")];
const FILES = {
  "config.json": CONFIG,
  "tokenizer.json": VOCABULARY,
  [INDEX]: Buffer.from(JSON.stringify({ weight_map: { a: SHARDS[0], "b.weight": SHARDS[1] } })),
  [SHARDS[0]]: first.bytes,
  [SHARDS[1]]: second.bytes,
  "README.md": Buffer.from("# A model"),
};
const MODEL = { commit: COMMIT, files: FILES };
const BYTES = Object.values(FILES).reduce((sum, { length }) => sum + length, 0) - FILES["README.md"].length;
const HEADER_BYTES = CONFIG.length + FILES[INDEX].length + first.headerBytes + second.headerBytes;

// Of its own: other tests look at headers, too.
const temporary = mkdtempSync(join(tmpdir(), "octavo-peek-"));
beforeAll(() => void vi.stubEnv("TMPDIR", temporary));
afterAll(() => rmSync(temporary, { recursive: true }));

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("octavo-headers-"));

test("of safetensors the headers are fetched, of the vocabulary nothing, and the cache stays as it is", async () => {
  const { hub, cache, options } = await scratch(MODEL);
  const before = folders();
  {
    await using model = await peek(REFERENCE, options);
    expect(model).toMatchObject({ id: ID, commit: COMMIT, bytes: BYTES, bytesToDownload: BYTES });
    expect(hub.bytesSent).toBe(HEADER_BYTES);
    expect(readFileSync(`${model.path}/config.json`).equals(CONFIG)).toBe(true);
    const { tensors } = openSafetensors(`${model.path}/${SHARDS[1]}`, readHeaderOnly);
    expect(tensors.get("b.weight")).toMatchObject({ dtype: "float32", shape: [25_000] });
    for (const name of [...SHARDS, "tokenizer.json"] as const) {
      expect(statSync(`${model.path}/${name}`).size).toBe(FILES[name].length);
    }
    expect(existsSync(cache)).toBe(false);
  }
  expect(folders()).toEqual(before);
});

test("what the cache has is not fetched", async () => {
  const { hub, options, env } = await scratch(MODEL);
  await pull(REFERENCE, { ...options, include: ["config.json", SHARDS[0]] });
  hub.bytesSent = 0;
  {
    await using model = await peek(REFERENCE, options);
    expect(model.bytesToDownload).toBe(BYTES - CONFIG.length - first.bytes.length);
    expect(hub.bytesSent).toBe(FILES[INDEX].length + second.headerBytes);
    expect(readFileSync(`${model.path}/${SHARDS[0]}`).equals(first.bytes)).toBe(true);
  }
  const { path } = await pull(REFERENCE, options);
  hub.requests.length = 0;
  hub.bytesSent = 0;
  await using offline = await peek(REFERENCE, { ...options, env: { ...env, HF_HUB_OFFLINE: "1" } });
  expect(offline).toMatchObject({ path, bytesToDownload: 0 });
  expect(hub.requests).toEqual([]);
  await using online = await peek(REFERENCE, options);
  expect(online.bytesToDownload).toBe(0);
  expect(hub.bytesSent).toBe(0);
});

test("offline, and not in the cache", async () => {
  const { hub, options, env } = await scratch(MODEL);
  const before = folders();
  await expect(peek(REFERENCE, { ...options, env: { ...env, HF_HUB_OFFLINE: "1" } })).rejects.toMatchObject({
    reason: "offline",
  });
  expect(hub.requests).toEqual([]);
  expect(folders()).toEqual(before);
});

test("of a GGUF file what its metadata takes, and the divisors of frequencies behind it", async () => {
  const weights = Buffer.alloc(8_000_000, 1);
  const frequencies = Buffer.from(Float32Array.of(1, 2, 4, 8).buffer);
  const file = ggufBytes({
    metadata: { "general.architecture": "llama", tokens: Array.from({ length: 50_000 }, (_, i) => `token ${i}`) },
    tensors: [
      { name: "token_embd.weight", shape: [2_000_000], data: weights },
      { name: "rope_freqs.weight", shape: [4], data: frequencies },
    ],
  });
  const headerBytes = file.length - weights.length - frequencies.length;
  const { hub, options } = await scratch({ commit: COMMIT, files: { "m-Q4_K_M.gguf": Buffer.from(file) } });
  await using model = await peek({ ...REFERENCE, quantization: "Q4_K_M" }, options);
  expect(headerBytes).toBeGreaterThan(2 ** 19);
  expect(hub.bytesSent).toBeGreaterThan(headerBytes);
  expect(hub.bytesSent).toBeLessThan(2 * headerBytes);
  const { metadata, tensors } = readGgufHeaders(model.path);
  expect(metadata.get("tokens")).toHaveLength(50_000);
  expect(Buffer.from(readGgufBytes(tensors.get("rope_freqs.weight")!)).equals(frequencies)).toBe(true);
});

test("a pickle must be pulled, and then is looked at", async () => {
  const files = { "config.json": CONFIG, "pytorch_model.bin": Buffer.alloc(3 * 2 ** 20, 1) };
  const { hub, options } = await scratch({ commit: COMMIT, files });
  await expect(peek(REFERENCE, options)).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringMatching(
      /org\/name are in pytorch_model\.bin.*: octavo pull org\/name downloads it \(3\.0 MiB\)/,
    ),
  });
  expect(hub.bytesSent).toBe(0);
  const { path } = await pull(REFERENCE, options);
  await using model = await peek(REFERENCE, options);
  expect(realpathSync(`${model.path}/pytorch_model.bin`)).toBe(realpathSync(`${path}/pytorch_model.bin`));
});

test("a cut is mended; a storage without ranges is not asked for the whole", async () => {
  const { hub, options } = await scratch(MODEL);
  hub.fault = ({ path, count }) => (path.includes(SHARDS[0]) && count === 0 ? { status: 503 } : undefined);
  {
    await using model = await peek(REFERENCE, options);
    expect(existsSync(model.path)).toBe(true);
  }
  hub.fault = ({ server }) => (server === "storage" ? { ignoresRange: true } : undefined);
  const before = folders();
  await expect(peek(REFERENCE, options)).rejects.toMatchObject({
    reason: "network",
    message: expect.stringMatching(/only as a whole: octavo pull org\/name/),
  });
  expect(folders()).toEqual(before);
});

test("a header that lies is the file's fault, and none that is fetched", async () => {
  const lying = Buffer.concat([Buffer.from([255, 255, 255, 255, 255, 255, 0, 0]), Buffer.alloc(5000)]);
  const gguf = Buffer.concat([Buffer.from("GGUF"), Buffer.alloc(5000, 255)]);
  const { hub, options } = await scratch({
    commit: COMMIT,
    files: { "config.json": CONFIG, "model.safetensors": lying },
  });
  await using model = await peek(REFERENCE, options);
  expect(hub.bytesSent).toBe(CONFIG.length + 8);
  expect(() => openSafetensors(`${model.path}/model.safetensors`, readHeaderOnly)).toThrow(/header claims/);
  hub.models.set(ID, { commit: COMMIT, files: { "m.gguf": gguf } });
  await expect(peek(REFERENCE, options)).rejects.toThrow(/org\/name\/m\.gguf/);
});

test("a reader that goes takes its folder along", async () => {
  const { hub, options } = await scratch(MODEL);
  const before = folders();
  const controller = new AbortController();
  hub.fault = ({ server }) => {
    if (server !== "storage") return undefined;
    controller.abort(new Error("enough"));
    return { delayMs: 1000 };
  };
  const asked = peek(REFERENCE, { ...options, signal: controller.signal });
  await expect(asked).rejects.toThrow("enough");
  await expect.poll(folders).toEqual(before);
});
