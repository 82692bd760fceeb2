// Attention at the sizes of real models, where the op cases do not reach: the tensor-core kernels against the plain one, the same
// bits every time, and how fast they are. Plain Node, for machines that have no test runner: node test/gpu/attention.mjs
import { DTYPES, hostStorage, planLayout, ROW_INIT_WORDS, StepPlan, tensor } from "@octavo/core";
import { bfloat16ToNumber, float16ToNumber, seededRandom } from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cuda";

const BLOCK = 16;
const REPEATS = 10;
/** Below these the kernels have lost what they were made for. */
const LEAST = { decodeBytes: 2.5e12, prefillFlops: 200e12 };

const fast = createBackend();
const plain = createBackend({ batchInvariant: true });
const held = [];
let failures = 0;

function verdict(passed, text) {
  if (!passed) failures++;
  console.log(`${passed ? "PASS" : "FAIL"} ${text}`);
}

function wait(backend) {
  const event = backend.createEvent();
  event.record();
  event.wait();
  event.dispose();
}

function onDevice(dtype, shape) {
  const count = shape.reduce((product, size) => product * size, 1);
  const made = tensor(dtype, shape, fast.allocate(count * DTYPES[dtype].size, "workspace"));
  held.push(made.storage);
  return made;
}

function uploaded(array, dtype, from = dtype) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const made = fast.upload(tensor(from, [array.length], hostStorage(bytes)), dtype);
  held.push(made.storage);
  return made;
}

const random = seededRandom(7);
const noise = Float32Array.from({ length: 2 ** 20 + 8 }, () => random.normal());

/** Normal values, repeating after a million. */
function noisy(dtype, shape) {
  const made = onDevice(dtype, shape);
  const size = DTYPES[dtype].size;
  const source = uploaded(noise, dtype, "float32");
  const bytes = made.storage.byteLength;
  for (let at = 0; at < bytes; at += noise.length * size) {
    const part = tensor("uint8", [1], made.storage, at);
    fast.copy(part, source, Math.min(noise.length * size, bytes - at));
  }
  return made;
}

function valuesOf(t) {
  const bytes = t.storage.byteLength;
  const host = tensor(t.dtype, t.shape, hostStorage(new Uint8Array(bytes)));
  fast.copy(host, t, bytes);
  return host.storage.bytes;
}

/** Sum of squared differences over sum of squares; not a number where either is not. */
function differenceOf(dtype, actual, expected) {
  const toNumber = dtype === "float16" ? float16ToNumber : bfloat16ToNumber;
  const [a, e] = [actual, expected].map((bytes) => new Uint16Array(bytes.buffer));
  let errors = 0;
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    const wanted = toNumber(e[i]);
    errors += (toNumber(a[i]) - wanted) ** 2;
    squares += wanted ** 2;
  }
  return errors / squares;
}

/**
 * A batch of rows [context, new tokens] whose blocks lie in random order.
 * @param wrongBlock stands in the middle of the last row's table instead of its block
 */
function batchOf(lengths, wrongBlock) {
  const blocksOf = lengths.map(([context, query]) => Math.ceil((context + query) / BLOCK));
  const blocks = blocksOf.reduce((sum, count) => sum + count, 0);
  const maxRows = lengths.length;
  const maxTokens = lengths.reduce((sum, [, query]) => sum + query, 0);
  const layout = planLayout({ maxRows, maxTokens, maxBlocksPerRow: Math.max(...blocksOf), blockSize: BLOCK });
  const plan = new StepPlan(layout);
  plan.begin(1);
  lengths.forEach(([context, query], row) => {
    plan.addRow(row, context, query, false);
    for (let t = 0; t < query; t++) plan.addToken(0);
  });
  plan.finish();
  const order = random.permutation(blocks);
  const table = new Int32Array(maxRows * layout.capacity.maxBlocksPerRow).fill(-1);
  let next = 0;
  blocksOf.forEach((count, row) => {
    for (let b = 0; b < count; b++) table[row * layout.capacity.maxBlocksPerRow + b] = order[next++];
  });
  if (wrongBlock !== undefined) {
    table[(maxRows - 1) * layout.capacity.maxBlocksPerRow + Math.floor(blocksOf.at(-1) / 2)] = wrongBlock;
  }
  const words = new Int32Array(layout.totalWords);
  words.set(plan.words);
  const batch = {
    layout,
    plan: uploaded(words, "int32"),
    tables: {
      blockTables: uploaded(table, "int32"),
      lastTokens: uploaded(new Int32Array(maxRows), "int32"),
      sampling: uploaded(new Int32Array(maxRows * ROW_INIT_WORDS), "int32"),
    },
    numRows: maxRows,
    numTokens: maxTokens,
    numSamples: 0,
  };
  return { batch, blocks, tokens: maxTokens };
}

/** Pairs of a query with a key that it sees. */
function pairsOf([context, query], window) {
  let pairs = 0;
  for (let t = 0; t < query; t++) pairs += Math.min(window, context + t + 1);
  return pairs;
}

function run(
  name,
  { dtype = "bfloat16", heads = 32, kvHeads = 8, dim = 128, lengths, window = Infinity, softcap, perHead, least },
) {
  const { batch, blocks, tokens } = batchOf(lengths);
  const q = noisy(dtype, [tokens, heads, dim]);
  const [keys, values] = [0, 1].map(() => noisy(dtype, [blocks, kvHeads, BLOCK, dim]));
  const out = onDevice(dtype, [tokens, heads, dim]);
  const options = {
    scale: dim ** -0.5,
    ...(window < Infinity && { window }),
    ...(softcap && { softcap }),
    ...(perHead && { sinks: perHeadTensor(heads, 1), slopes: perHeadTensor(heads, 0.01) }),
  };
  const attend = (backend, to) => backend.ops.pagedAttention(to, q, keys, values, batch, options);
  wait(fast);

  attend(fast, out);
  wait(fast);
  const first = valuesOf(out);
  let changed = 0;
  for (let i = 0; i < REPEATS; i++) {
    attend(fast, out);
    wait(fast);
    if (Buffer.compare(first, valuesOf(out)) !== 0) changed++;
  }
  if (changed > 0) verdict(false, `${name}: ${changed} of ${REPEATS} repetitions gave other bits`);
  const expected = onDevice(dtype, [tokens, heads, dim]);
  wait(fast);
  attend(plain, expected);
  wait(plain);
  const nmse = differenceOf(dtype, first, valuesOf(expected));
  verdict(
    nmse < 1e-5,
    `${name}: mean squared error ${nmse.toExponential(2)} of the plain kernel's, same bits ${REPEATS} times`,
  );

  const calls = tokens > lengths.length ? 20 : 200;
  const started = performance.now();
  for (let i = 0; i < calls; i++) attend(fast, out);
  wait(fast);
  const seconds = (performance.now() - started) / 1000 / calls;
  const pairs = lengths.reduce((sum, row) => sum + pairsOf(row, window), 0);
  const read = lengths.reduce((sum, [context, query]) => sum + Math.min(context, window - 1) + query, 0);
  const bytes = (2 * read * kvHeads * dim + 2 * tokens * heads * dim) * DTYPES[dtype].size;
  const flops = 4 * pairs * heads * dim;
  const rates = `${(1e6 * seconds).toFixed(1)} us, ${(bytes / seconds / 1e9).toFixed(0)} GB/s, ${(flops / seconds / 1e12).toFixed(1)} TFLOP/s`;
  const enough = (least?.bytes ?? 0) <= bytes / seconds && (least?.flops ?? 0) <= flops / seconds;
  verdict(enough, `${name}: ${rates}`);
  while (held.length > 0) held.pop().dispose();
}

function perHeadTensor(heads, scale) {
  return uploaded(
    Float32Array.from({ length: heads }, (_, head) => scale * (1 + (head % 4))),
    "float32",
  );
}

/** Attention of whole prompts without a cache, against the plain kernel. */
function encode(name, { dtype = "bfloat16", heads = 16, kvHeads = 16, dim = 64, lengths, window, perHead = false }) {
  const { batch, tokens } = batchOf(lengths.map((length) => [0, length]));
  const q = noisy(dtype, [tokens, heads, dim]);
  const [k, v] = [0, 1].map(() => noisy(dtype, [tokens, kvHeads, dim]));
  const options = {
    scale: dim ** -0.5,
    ...(window && { window }),
    ...(perHead && { softcap: 20, sinks: perHeadTensor(heads, 1), slopes: perHeadTensor(heads, 0.01) }),
  };
  const [out, expected] = [onDevice(dtype, [tokens, heads, dim]), onDevice(dtype, [tokens, heads, dim])];
  wait(fast);
  fast.ops.encoderAttention(out, q, k, v, batch, options);
  plain.ops.encoderAttention(expected, q, k, v, batch, options);
  wait(fast);
  wait(plain);
  const nmse = differenceOf(dtype, valuesOf(out), valuesOf(expected));
  const started = performance.now();
  for (let i = 0; i < 20; i++) fast.ops.encoderAttention(out, q, k, v, batch, options);
  wait(fast);
  const micros = ((performance.now() - started) * 1000) / 20;
  verdict(
    nmse < 1e-5,
    `${name}: mean squared error ${nmse.toExponential(2)} of the plain kernel's, ${micros.toFixed(1)} us`,
  );
  while (held.length > 0) held.pop().dispose();
}

/** A block that the cache does not have must be reported, and neither read nor felt by the next call. */
function misled(name, lengths) {
  for (const wrongBlock of [-1, 1 << 20, 0x7fffffff]) {
    const { batch, tokens } = batchOf(lengths, wrongBlock);
    const [q, out] = [noisy("bfloat16", [tokens, 4, 128]), onDevice("bfloat16", [tokens, 4, 128])];
    const [keys, values] = [0, 1].map(() => noisy("bfloat16", [64, 1, BLOCK, 128]));
    wait(fast);
    fast.ops.pagedAttention(out, q, keys, values, batch, { scale: 1 });
    let message = "no error";
    try {
      wait(fast);
    } catch (error) {
      message = error.message;
    }
    verdict(message.includes("outside of the cache"), `${name}, block ${wrongBlock}: ${message}`);
    while (held.length > 0) held.pop().dispose();
  }
}

const decode = (rows, context) => Array.from({ length: rows }, () => [context, 1]);
const uneven = Array.from({ length: 40 }, (_, i) => [(i * 397) % 3000, 1]);
try {
  misled("decode", decode(3, 300));
  misled("chunk", [[100, 200]]);
  run("decode 1 x 1k", { lengths: decode(1, 1000) });
  run("decode 1 x 32k", { lengths: decode(1, 32_767) });
  run("decode 16 x 2k", { lengths: decode(16, 2047) });
  run("decode 64 x 2k", { lengths: decode(64, 2047), least: { bytes: LEAST.decodeBytes } });
  run("decode 256 x 1k", { lengths: decode(256, 1023), least: { bytes: LEAST.decodeBytes } });
  run("decode 40 uneven, float16", { dtype: "float16", lengths: uneven });
  run("decode 40 uneven, heads 8/1 of 64", { heads: 8, kvHeads: 1, dim: 64, lengths: uneven });
  run("decode 40 uneven, heads 8/4 of 256", { heads: 8, kvHeads: 4, dim: 256, lengths: uneven });
  run("prefill 1k", { lengths: [[0, 1024]] });
  run("prefill 8k", { lengths: [[0, 8192]], least: { flops: LEAST.prefillFlops } });
  run("prefill 2k, every head its own", { heads: 16, kvHeads: 16, lengths: [[0, 2048]] });
  run("prefill 2k, heads 14/2 of 64, float16", {
    dtype: "float16",
    heads: 14,
    kvHeads: 2,
    dim: 64,
    lengths: [[0, 2048]],
  });
  run("prefill 2k, heads 32/32 of 96", { heads: 32, kvHeads: 32, dim: 96, lengths: [[0, 2048]] });
  run("prefill 2k, heads 8/4 of 256", { heads: 8, kvHeads: 4, dim: 256, lengths: [[0, 2048]] });
  run("chunk of 2k after 6k among 40 uneven", {
    lengths: [...uneven.slice(0, 20), [6000, 2048], ...uneven.slice(20), [0, 77]],
  });
  run("decode 16 x 32k, window 4k", { lengths: decode(16, 32_767), window: 4096 });
  run("decode 1 x 32k, window 1k, sinks and slopes", { lengths: decode(1, 32_767), window: 1024, perHead: true });
  run("decode 40 uneven, everything", { lengths: uneven, window: 128, softcap: 50, perHead: true });
  run("decode 40 uneven, everything, heads 8/4 of 256", {
    heads: 8,
    kvHeads: 4,
    dim: 256,
    lengths: uneven,
    window: 512,
    softcap: 50,
    perHead: true,
  });
  run("prefill 8k, window 1k", { lengths: [[0, 8192]], window: 1024 });
  run("prefill 2k, softcap", { lengths: [[0, 2048]], softcap: 50 });
  run("prefill 2k, heads 8/4 of 256, everything", {
    heads: 8,
    kvHeads: 4,
    dim: 256,
    lengths: [[0, 2048]],
    window: 512,
    softcap: 50,
    perHead: true,
  });
  run("chunk of 2k after 30k among 40 uneven, everything", {
    lengths: [...uneven.slice(0, 20), [30_000, 2048], ...uneven.slice(20), [0, 77]],
    window: 1000,
    softcap: 50,
    perHead: true,
  });
  encode("encoder, 64 prompts of 200", { lengths: Array.from({ length: 64 }, () => 200) });
  encode("encoder, prompts of 8k and 1, window 128", { lengths: [8192, 1], window: 128 });
  encode("encoder, uneven, everything, heads 12/4 of 96", {
    heads: 12,
    kvHeads: 4,
    dim: 96,
    lengths: Array.from({ length: 40 }, (_, i) => 1 + ((i * 97) % 512)),
    window: 200,
    perHead: true,
  });
} finally {
  plain.dispose();
  fast.dispose();
}
console.log(failures === 0 ? "PASS everything" : `FAIL ${failures} of the above`);
process.exitCode = failures === 0 ? 0 : 1;
