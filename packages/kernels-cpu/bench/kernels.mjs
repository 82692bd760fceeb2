// Measures the CPU backend on this machine: linear layers against a plain read of memory in the same run, small ops, sampling.
// Run after the build: node packages/kernels-cpu/bench/kernels.mjs [threads [FORMAT,...]]; formats are dtypes and block formats.
import {
  BLOCK_FORMATS,
  blockBytes,
  COMPUTED_FORMATS,
  FLOAT_DTYPES,
  PlanHeader,
  planLayout,
  ROW_INIT_WORDS,
  StepPlan,
  tensor,
} from "@octavo/core";
import { createBackend } from "@octavo/kernels-cpu";

const numThreads = process.argv[2] ? Number(process.argv[2]) : undefined;
const formats = process.argv[3]?.split(",") ?? [...FLOAT_DTYPES, ...COMPUTED_FORMATS];
const backend = createBackend({ numThreads });
const SIZES = { float32: 4, bfloat16: 2, float16: 2, int32: 4 };

function make(dtype, shape, value = 0) {
  const bytes = shape.reduce((a, b) => a * b, SIZES[dtype]);
  const made = tensor(dtype, shape, backend.allocate(bytes, "workspace"));
  if (dtype === "float32") new Float32Array(made.storage.bytes.buffer).fill(value);
  else if (dtype === "int32") new Int32Array(made.storage.bytes.buffer).fill(value);
  else new Uint16Array(made.storage.bytes.buffer).fill(0x3c00);
  return made;
}

/** The median seconds of `run`, measured for about half a second. */
function seconds(run) {
  for (let i = 0; i < 3; i++) run();
  const times = [];
  const end = performance.now() + 500;
  do {
    const start = performance.now();
    run();
    times.push((performance.now() - start) / 1000);
  } while (performance.now() < end);
  return times.sort((a, b) => a - b)[times.length >> 1];
}

function batchOf(rows, sampling) {
  const layout = planLayout({ maxRows: rows, maxTokens: rows, maxBlocksPerRow: 4, blockSize: 16 });
  const int32 = (...shape) => make("int32", shape);
  const plan = int32(layout.totalWords);
  const writer = new StepPlan(layout, new Int32Array(plan.storage.bytes.buffer));
  writer.begin(0);
  const record = new Int32Array(ROW_INIT_WORDS);
  new Float32Array(record.buffer).set(sampling, 1);
  for (let row = 0; row < rows; row++) {
    writer.addRow(row, 0, 1, true);
    writer.addToken(0);
    writer.addRowInit(row, record);
  }
  writer.finish();
  const tables = { blockTables: int32(rows, 4), lastTokens: int32(rows), sampling: int32(rows, ROW_INIT_WORDS) };
  const counts = { numRows: rows, numTokens: rows, numSamples: writer.words[PlanHeader.numSamples] };
  const filled = { inputIds: int32(rows), positions: int32(rows), slots: int32(rows), sampleTokens: int32(rows) };
  const batch = { layout, plan, tables, ...filled, ...counts, maxQueryLen: 1, maxSeqLen: 1 };
  backend.ops.prepareBatch(batch);
  return batch;
}

function report(name, value, unit) {
  console.log(`${name.padEnd(52)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit}`);
}

console.log(backend.info.description);

// A greedy sample is a vectorised read of the logits, one row a thread: the speed of memory as threads can see it.
const threads = Number(/(\d+) thread/.exec(backend.info.description)[1]);
const probe = make("float32", [threads, 2 ** 27 / threads]);
const probeBatch = batchOf(threads, [0, 1, 0]);
const probeTokens = make("int32", [threads]);
probe.storage.bytes.fill(0x3f, 0, 4);
const readSpeed = () =>
  probe.storage.byteLength / seconds(() => backend.ops.sample(probeTokens, probe, probeBatch)) / 1e9;
report("read of 512 MiB", readSpeed(), "GB/s");
const half = probe.storage.byteLength / 2;
const [low, high] = [0, half].map((offset) => tensor("float32", [half / 4], probe.storage, offset));
report(
  "memcpy of 256 MiB, one thread, read + written",
  (2 * half) / seconds(() => backend.copy(low, high, half)) / 1e9,
  "GB/s",
);

/** Planes of ones, or of arbitrary blocks with scales of one. */
function planesOf(format, outFeatures, inFeatures) {
  if (!(format in BLOCK_FORMATS)) return { format: "dense", weight: make(format, [outFeatures, inFeatures]) };
  const bytes = blockBytes(format, outFeatures * inFeatures);
  const blocks = tensor("uint8", [outFeatures, bytes / outFeatures], backend.allocate(bytes, "workspace"));
  for (let i = 0; i < bytes; i++) blocks.storage.bytes[i] = (i * 37) & 0x3b;
  return { format, blocks };
}

for (const [outFeatures, inFeatures] of [
  [1536, 576],
  [576, 1536],
  [4096, 4096],
]) {
  for (const format of formats) {
    // K formats come in blocks of 256.
    if (inFeatures % (BLOCK_FORMATS[format]?.elements ?? 1) !== 0) continue;
    const dtype = format in BLOCK_FORMATS ? "bfloat16" : format;
    const planes = planesOf(format, outFeatures, inFeatures);
    const layers = [];
    // Weights that are used where they lie must not all lie in one place.
    const prepare = (own) =>
      layers.push(backend.prepareLinear({ inFeatures, dtype, parts: [{ name: "w", outFeatures, planes: own }] }));
    prepare(planes);
    const bytes = layers[0].byteLength;
    while (layers.length < 2 ** 29 / bytes) prepare(planes.weight ? planesOf(format, outFeatures, inFeatures) : planes);
    for (const tokens of [1, 8, 32, 128]) {
      const x = make("bfloat16", [tokens, inFeatures]);
      const out = make("bfloat16", [tokens, outFeatures]);
      const used = layers.slice(0, tokens > 4 ? Math.ceil(2 ** 24 / (outFeatures * inFeatures)) : layers.length);
      const time = seconds(() => {
        for (const layer of used) backend.ops.linear(out, x, layer);
      });
      const flops = (2 * tokens * outFeatures * inFeatures * used.length) / time / 1e9;
      const name = `linear ${format} ${outFeatures}x${inFeatures}, ${tokens} token${tokens > 1 ? "s" : ""}`;
      if (tokens <= 4) report(name, (bytes * used.length) / time / 1e9, `GB/s (${flops.toFixed(1)} GFLOP/s)`);
      else report(name, flops, "GFLOP/s");
    }
    for (const layer of layers) layer.dispose();
  }
}
report("read of 512 MiB, again", readSpeed(), "GB/s");

const [x, weight, out] = [make("float32", [1, 8]), make("float32", [8]), make("float32", [1, 8])];
const calls = 100_000;
const perCall = seconds(() => {
  for (let i = 0; i < calls; i++) backend.ops.rmsNorm(out, x, weight, 1e-5);
});
report("rmsNorm of 8 elements", (perCall / calls) * 1e9, "ns a call");

const vocabulary = 128_256;
const logits = make("float32", [1, vocabulary]);
new Float32Array(logits.storage.bytes.buffer).set(
  Float32Array.from({ length: vocabulary }, (_, i) => 6 * Math.sin(i * 1.7) * Math.cos(i * 0.31)),
);
for (const [name, sampling] of [
  ["greedy", [0, 1, 0]],
  ["temperature 1", [1, 1, 0]],
  ["temperature 1, top_p 0.9", [1, 0.9, 0]],
]) {
  const batch = batchOf(1, sampling);
  const time = seconds(() => backend.ops.sample(probeTokens, logits, batch));
  report(`sample 1 x ${vocabulary}, ${name}`, time * 1e6, "us");
}
for (const alternatives of [0, 20]) {
  const shape = [1, alternatives + 1];
  const out = { tokens: make("int32", shape), logprobs: make("float32", shape), ranks: make("int32", [1]) };
  const time = seconds(() => backend.ops.logprobs(out, logits, probeTokens));
  report(`logprobs 1 x ${vocabulary}, ${alternatives} beside the picked`, time * 1e6, "us");
}
backend.dispose();
