// Checkpoints of every container, damaged byte by byte and number by number: always an OctavoError, or tensors inside of the file; at
// once and without a large allocation. With gguf.test.ts and the container tests of safetensors these are more than 5,000 cases.
// OCTAVO_FUZZ_SEED=<number> runs one seed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostStorage, openPickle, openSafetensors, type TensorFile, toContiguous } from "@octavo/core";
import { createNullBackend, createReferenceBackend, ggufBytes, type Random, seededRandom } from "@octavo/core/testing";
import { loadModel } from "@octavo/models";
import { afterAll, expect, test, vi } from "vitest";
import { LIES, measured } from "./damaged-files.js";

const fixedSeed = process.env.OCTAVO_FUZZ_SEED;
const seeds = (count: number) => (fixedSeed ? [Number(fixedSeed)] : Array.from({ length: count }, (_, i) => i));
const folder = mkdtempSync(join(tmpdir(), "octavo-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads everything that a header promises, twice over where it is strided. */
function readAll(file: TensorFile, byteLength: number): void {
  for (const t of file.tensors.values()) {
    const { storage, byteOffset } = toContiguous(t, file.path);
    expect(byteOffset).toBeLessThanOrEqual(storage.byteLength);
    expect(storage.byteLength).toBeLessThanOrEqual(byteLength);
  }
}

/** Flips, writes, cuts out, repeats, cuts off: once to four times. Number fields get numbers that lie. */
function damage(good: Uint8Array, random: Random): Uint8Array {
  let bytes = Uint8Array.from(good);
  for (let changes = 1 + random.integer(4); changes > 0 && bytes.length > 16; changes--) {
    const at = random.integer(bytes.length - 8);
    const kind = random.integer(12);
    if (kind < 4) bytes[at]! ^= 1 << random.integer(8);
    else if (kind < 6) bytes[at] = random.integer(256);
    else if (kind < 8) new DataView(bytes.buffer).setBigUint64(at, LIES[random.integer(LIES.length)]!, true);
    else if (kind < 9)
      new DataView(bytes.buffer).setUint32(at, Number(LIES[random.integer(LIES.length)]! & 0xffffffffn), true);
    else if (kind < 10)
      bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.integer(8))]));
    else if (kind < 11) {
      const piece = bytes.subarray(at, at + 1 + random.integer(64));
      bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]));
    } else bytes = bytes.slice(0, random.integer(bytes.length));
  }
  return bytes;
}

const pickle = (name: string) => readFileSync(new URL(`../fixtures/pickle/${name}`, import.meta.url));

test.each(["zip.bin", "legacy.bin", "trained.bin", "llama.bin"])("damaged pickles: %s", async (name) => {
  const good = pickle(name);
  const outcomes = { used: 0, refused: 0 };
  for (const seed of seeds(500)) {
    const bytes = damage(good, seededRandom(seed));
    await measured(seed, outcomes, () =>
      readAll(
        openPickle("model.bin", () => hostStorage(bytes)),
        bytes.byteLength,
      ),
    );
  }
  if (!fixedSeed) expect(Math.min(outcomes.used, outcomes.refused)).toBeGreaterThan(20);
});

/** Opcodes of pickles, most of which mean something. */
const OPCODES = Buffer.from(
  "(.012NJKMXUTGBC]}){lteaudsbhjqrcRQ\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x93\x94\x95io\x82",
  "latin1",
);
const PIECES = [
  "ctorch._utils\n_rebuild_tensor_v2\n",
  "ctorch\nFloatStorage\n",
  "ccollections\nOrderedDict\n",
  "cos\nsystem\n",
  "\x8c\x07storage",
  "\x8c\x010",
  "h\x00",
  "q\x00",
  ")R",
].map((text) => Buffer.from(text, "latin1"));

test("pickles of random opcodes", async () => {
  const outcomes = { used: 0, refused: 0 };
  const magic = pickle("legacy.bin").subarray(0, 21); // magic number and version; then the system and the value
  for (const seed of seeds(1000)) {
    const random = seededRandom(seed);
    const parts: Buffer[] = [magic];
    for (let count = random.integer(200); count > 0; count--) {
      parts.push(
        random.integer(3) === 0
          ? PIECES[random.integer(PIECES.length)]!
          : OPCODES.subarray(...pair(random, OPCODES.length)),
      );
    }
    const bytes = Uint8Array.from(Buffer.concat(parts));
    await measured(seed, outcomes, () => openPickle("model.bin", () => hostStorage(bytes)));
  }
  if (!fixedSeed) expect(outcomes.refused).toBeGreaterThan(900);
});

function pair(random: Random, length: number): [number, number] {
  const at = random.integer(length);
  return [at, at + 1];
}

interface Entry {
  name: string;
  dtype: unknown;
  shape: unknown;
  data_offsets: unknown;
}

/** A safetensors file of what `entries` say, whether it is true or not. */
function safetensors(entries: readonly Entry[], dataBytes: number, claimed?: bigint): Uint8Array {
  const json = Buffer.from(
    `{${entries.map(({ name, ...rest }) => `${JSON.stringify(name)}:${JSON.stringify(rest)}`).join(",")}}`,
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(json.length));
  return Uint8Array.from(Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
}

test("safetensors headers that lie", async () => {
  const outcomes = { used: 0, refused: 0 };
  for (const seed of seeds(1000)) {
    const random = seededRandom(seed);
    const entries: Entry[] = [];
    const count = 1 + random.integer(5);
    let end = 0;
    for (let i = 0; i < count; i++) {
      const shape = [1 + random.integer(4), 1 + random.integer(4)];
      const begin = end;
      end += 4 * shape[0]! * shape[1]!;
      entries.push({ name: `t${i}`, dtype: "F32", shape, data_offsets: [begin, end] });
    }
    const victim = entries[random.integer(count)]!;
    const offsets = victim.data_offsets as [number, number];
    const lie = Number(LIES[random.integer(LIES.length)]!);
    const lies: (() => unknown)[] = [
      () => entries.push({ ...victim, name: "over" }), // overlaps
      () => entries.push({ ...victim, data_offsets: [end, end + offsets[1] - offsets[0]] }), // a name twice
      () => {
        victim.shape = [lie, lie];
      },
      () => {
        victim.shape = [lie, 0];
        victim.data_offsets = [0, 0];
      },
      () => {
        victim.data_offsets = [offsets[0], lie];
      },
      () => {
        victim.data_offsets = [lie, lie + 4];
        victim.shape = [1];
      },
      () => {
        victim.data_offsets = [offsets[1], offsets[0]];
      },
      () => {
        victim.shape = [-1, 4.5, "4", null][random.integer(4)];
      },
      () => {
        victim.shape = Array.from({ length: 10_000 }, () => 1);
      },
      () => {
        victim.dtype = ["F8_E4M3", 7, null, "__proto__"][random.integer(4)];
      },
      () => {
        victim.name = "x".repeat(100_000);
      },
      () => {},
    ];
    lies[random.integer(lies.length)]!();
    const claimed = random.integer(8) === 0 ? LIES[random.integer(LIES.length)]! : undefined;
    const bytes = safetensors(entries, end, claimed ?? (random.integer(20) === 0 ? 2n ** 32n : undefined));
    if (random.integer(10) === 0) bytes[8 + random.integer(20)] = 0xff; // not UTF-8
    const cut = random.integer(10) === 0 ? bytes.subarray(0, random.integer(bytes.length)) : bytes;
    await measured(seed, outcomes, () =>
      readAll(
        openSafetensors("model.safetensors", () => hostStorage(cut)),
        cut.byteLength,
      ),
    );
  }
  if (!fixedSeed) expect(Math.min(outcomes.used, outcomes.refused)).toBeGreaterThan(50);
});

test("whole models from damaged PyTorch files", async () => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const outcomes = { used: 0, refused: 0 };
  const good = pickle("llama.bin");
  const config = {
    architectures: ["LlamaForCausalLM"],
    ...{ vocab_size: 16, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, num_attention_heads: 2 },
    ...{ num_key_value_heads: 1, max_position_embeddings: 32, rms_norm_eps: 1e-5, tie_word_embeddings: true },
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const backends = [createNullBackend(), createReferenceBackend()];
  for (const seed of seeds(300)) {
    writeFileSync(join(folder, "pytorch_model.bin"), damage(good, seededRandom(seed)));
    await measured(seed, outcomes, () => loadModel(folder, backends[seed % 2]!).dispose());
  }
  vi.restoreAllMocks();
  if (!fixedSeed) expect(Math.min(outcomes.used, outcomes.refused)).toBeGreaterThan(20);
});

test("scales that are NaN or infinite name tensor and block", () => {
  const metadata = {
    "general.architecture": "llama",
    ...{ "llama.block_count": 1, "llama.embedding_length": 32, "llama.feed_forward_length": 64, "llama.vocab_size": 4 },
    ...{ "llama.attention.head_count": 2, "llama.context_length": 64, "llama.attention.layer_norm_rms_epsilon": 0.1 },
  };
  const rows = { attn_q: 32, attn_k: 32, attn_v: 32, attn_output: 32, ffn_gate: 64, ffn_up: 64 };
  const norm = (name: string) => ({ name, shape: [32], data: new Uint8Array(128) });
  for (const [type, size] of [
    [8, 34],
    [20, 18],
    [39, 17],
  ] as const) {
    for (const seed of seeds(20)) {
      const random = seededRandom(seed);
      const blocks = (name: string, shape: [number, number]) => ({
        name,
        shape,
        type,
        data: new Uint8Array((shape[0] * shape[1] * size) / 32),
      });
      const tensors = [
        blocks("token_embd.weight", [4, 32]),
        norm("output_norm.weight"),
        norm("blk.0.attn_norm.weight"),
        norm("blk.0.ffn_norm.weight"),
        ...Object.entries(rows).map(([name, count]) => blocks(`blk.0.${name}.weight`, [count, 32])),
        blocks("blk.0.ffn_down.weight", [32, 64]),
      ];
      const chosen = tensors.filter((tensor) => "type" in tensor);
      const { data } = chosen[random.integer(chosen.length)]!;
      const block = random.integer(data.length / size);
      data[block * size + (type === 39 ? 0 : 1)] = type === 39 ? 255 : [0x7c, 0x7e, 0xfc][random.integer(3)]!;
      const path = join(folder, "nan.gguf");
      writeFileSync(path, ggufBytes({ metadata, tensors }));
      for (const dequantize of [false, true]) {
        const load = () => loadModel(path, createReferenceBackend(), { dequantize, dtype: "float32" });
        expect(load, `seed ${seed}, type ${type}`).toThrow(
          /tensor \S+ in .*nan\.gguf.* is damaged: the scale of block \d+ .*not a finite/,
        );
      }
    }
  }
});
