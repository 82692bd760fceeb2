// Uploads to the GPU: every byte arrives, whatever the size, alignment, dtype and number of threads; then how fast a mapped file
// goes there. Plain Node: node test/gpu/upload.mjs [GIB]
import { randomFillSync } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DTYPES, FLOAT_DTYPES, hostStorage, tensor } from "@octavo/core";
import {
  bfloat16ToNumber,
  float16ToNumber,
  numberToBfloat16,
  numberToFloat16,
  seededRandom,
} from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cuda";

const fileBytes = Number(process.argv[2] ?? 4) * 2 ** 30;
const MIB = 2 ** 20;
const PAGE = 4096;
let failures = 0;

function report(name, passed, found = "") {
  if (!passed) failures++;
  console.log(`${passed ? "PASS" : "FAIL"} ${name}${found && `: ${found}`}`);
}

/** Random bytes whose pages are all different, because each begins with its number. */
function randomBytes(byteLength) {
  const bytes = Buffer.alloc(byteLength);
  const period = Math.min(byteLength, 16 * MIB);
  randomFillSync(bytes, 0, period);
  for (let filled = period; filled < byteLength; filled += period) bytes.copy(bytes, filled, 0, period);
  stamp(bytes, 0);
  return bytes;
}

function stamp(bytes, firstPage) {
  for (let page = 0; (page + 1) * PAGE <= bytes.length; page++) bytes.writeUInt32LE(firstPage + page, page * PAGE);
}

function wait(backend) {
  const done = backend.createEvent();
  done.record();
  done.wait();
  done.dispose();
}

/** The first `byteLength` bytes of a GPU tensor from `start` on. */
function download(backend, uploaded, start, byteLength) {
  const host = tensor("uint8", [byteLength], backend.allocateHost(byteLength));
  const from = tensor("uint8", [byteLength], uploaded.storage, uploaded.byteOffset + start);
  backend.copy(host, from, byteLength);
  wait(backend);
  return host.storage;
}

/** Where two byte arrays part, or -1. */
function firstDifference(a, b) {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  if (Buffer.compare(a, b) === 0) return -1;
  return a.findIndex((byte, i) => byte !== b[i]);
}

/** Uploads, destroys the source at once, and compares what arrived. */
function roundTrip(backend, name, source, dtype, expected) {
  const uploaded = backend.upload(source, dtype);
  source.storage.bytes.fill(0xa5);
  const host = download(backend, uploaded, 0, expected.length);
  const difference = firstDifference(host.bytes, expected);
  report(name, difference < 0, difference < 0 ? "" : `byte ${difference} of ${expected.length} differs`);
  host.dispose();
  uploaded.storage.dispose();
}

/** A tensor over a copy of `bytes` at an odd address where the dtype allows none: checkpoints promise no alignment. */
function sourceOf(backend, dtype, bytes, native) {
  const byteOffset = 3;
  const total = byteOffset + bytes.length;
  const storage = native ? backend.allocateHost(total) : hostStorage(new Uint8Array(total));
  storage.bytes.set(bytes, byteOffset);
  return tensor(dtype, [bytes.length / DTYPES[dtype].size], storage, byteOffset);
}

function sameBytes(backend) {
  for (const size of [0, 1, 1000, MIB - 1, MIB, 64 * MIB + 3, 1024 * MIB]) {
    for (const native of [false, true]) {
      const bytes = randomBytes(size);
      const source = sourceOf(backend, "uint8", bytes, native);
      roundTrip(backend, `${size} bytes of ${native ? "page-locked" : "JavaScript's"} memory`, source, "uint8", bytes);
      source.storage.dispose();
    }
  }
  for (const dtype of Object.keys(DTYPES)) {
    const bytes = randomBytes(1000 * DTYPES[dtype].size);
    roundTrip(backend, `1000 ${dtype} as they are`, sourceOf(backend, dtype, bytes, true), dtype, bytes);
  }
}

const CODES = {
  float32: { array: Float32Array, encode: (value) => value, decode: (value) => value },
  float16: { array: Uint16Array, encode: numberToFloat16, decode: float16ToNumber },
  bfloat16: { array: Uint16Array, encode: numberToBfloat16, decode: bfloat16ToNumber },
};

function conversions(backend) {
  const random = seededRandom(1);
  const pairs = FLOAT_DTYPES.flatMap((from) => FLOAT_DTYPES.filter((to) => to !== from).map((to) => [from, to]));
  for (const [from, to] of pairs) {
    // The last one is shared by the threads.
    for (const count of [0, 1, 1000, 4 * MIB + 3]) {
      const values = CODES[from].array.from({ length: count }, () => CODES[from].encode(random.normal()));
      const expected = CODES[to].array.from(values, (value) => CODES[to].encode(CODES[from].decode(value)));
      const source = sourceOf(backend, from, Buffer.from(values.buffer), count % 2 === 0);
      roundTrip(backend, `${count} ${from} to ${to}`, source, to, Buffer.from(expected.buffer));
    }
  }
}

function accounting(backend) {
  backend.releaseStaging();
  const before = backend.memory().workspace;
  const source = tensor("float32", [4 * MIB], hostStorage(new Uint8Array(16 * MIB)));
  const uploaded = backend.upload(source, "bfloat16");
  const during = backend.memory().workspace;
  report("buffers of conversions count as workspace", during > before, `${before}, then ${during} bytes`);
  backend.releaseStaging();
  const after = backend.memory().workspace;
  report("releaseStaging frees them", after === before, `${after} bytes`);
  uploaded.storage.dispose();
}

function writeFile(path, block) {
  const file = openSync(path, "w");
  for (let offset = 0; offset < fileBytes; offset += block.length) {
    stamp(block, offset / PAGE);
    writeSync(file, block);
  }
  closeSync(file);
}

function mappedFile(path, block, threads) {
  if (threads) process.env.OCTAVO_LOAD_THREADS = threads;
  else delete process.env.OCTAVO_LOAD_THREADS;
  const backend = createBackend();
  for (const run of ["first", "second", "third"]) {
    const mapped = backend.mapFile(path);
    const started = performance.now();
    const uploaded = backend.upload(tensor("uint8", [fileBytes], mapped), "uint8");
    const returned = performance.now();
    wait(backend);
    const rate = fileBytes / (performance.now() - started) / 1e6;
    const name = `${fileBytes / 2 ** 30} GiB, ${threads ?? "default"} threads, ${run}`;
    console.log(`     ${name}: ${rate.toFixed(1)} GB/s, returned after ${(returned - started).toFixed(0)} ms`);
    if (run === "third") {
      let difference = -1;
      for (let offset = 0; difference < 0 && offset < fileBytes; offset += block.length) {
        stamp(block, offset / PAGE);
        const host = download(backend, uploaded, offset, block.length);
        difference = firstDifference(host.bytes, block);
        if (difference >= 0) difference += offset;
        host.dispose();
      }
      report(
        `a mapped file, ${threads ?? "default"} threads`,
        difference < 0,
        difference < 0 ? "" : `at byte ${difference}`,
      );
    }
    uploaded.storage.dispose();
    mapped.dispose();
  }
  backend.dispose();
}

for (const threads of ["1", "3", "8"]) {
  process.env.OCTAVO_LOAD_THREADS = threads;
  const backend = createBackend();
  console.log(`${backend.info.description}, OCTAVO_LOAD_THREADS=${threads}`);
  // Every size once for each number of threads would take long without telling more.
  if (threads === "8") sameBytes(backend);
  conversions(backend);
  if (threads !== "1") accounting(backend);
  backend.dispose();
}
for (const wrong of ["0", "many"]) {
  process.env.OCTAVO_LOAD_THREADS = wrong;
  let found = "no error";
  try {
    createBackend().dispose();
  } catch (error) {
    found = error.message;
  }
  report(`OCTAVO_LOAD_THREADS=${wrong} is refused`, found.includes(`"${wrong}"`), found);
}
const folder = mkdtempSync(join(tmpdir(), "octavo-upload-"));
try {
  const path = join(folder, "weights.bin");
  const block = Buffer.from(randomBytes(64 * MIB));
  writeFile(path, block);
  for (const threads of ["1", "4", undefined]) mappedFile(path, block, threads);
} finally {
  rmSync(folder, { recursive: true });
}
console.log(failures === 0 ? "PASS" : `FAIL: ${failures} checks`);
process.exitCode = failures > 0 ? 1 : 0;
