// Compares instruction sets on linear layers whose weights and activations are bfloat16, in turns within one process, so that a busy
// machine is unfair to none of them: node packages/kernels-cpu/bench/instruction-sets.mjs [threads [ISA,...]]
// Times are the fastest of many rounds; 4096x4096 walks over 512 MiB of weights for 1 and 8 tokens, other layers stay in the caches.
import { tensor } from "@octavo/core";
import { createBackend } from "@octavo/kernels-cpu";

const numThreads = Number(process.argv[2] ?? 1);
const names = process.argv[3]?.split(",") ?? ["avx512", "avx512bf16", "amx"];
const ROUNDS = 15;
const CACHED_BYTES = 2 ** 20;
const LAYERS = [
  { outFeatures: 768, inFeatures: 256, weightBytes: CACHED_BYTES },
  { outFeatures: 1536, inFeatures: 576, weightBytes: CACHED_BYTES },
  { outFeatures: 4096, inFeatures: 4096, weightBytes: 2 ** 29 },
];

function bfloat16(backend, shape) {
  const [rows, columns] = shape;
  const made = tensor("bfloat16", shape, backend.allocate(2 * rows * columns, "workspace"));
  new Uint16Array(made.storage.bytes.buffer).fill(0x3c00);
  return made;
}

function prepared(isa, { outFeatures, inFeatures, weightBytes }) {
  const backend = createBackend({ isa, numThreads });
  const count = Math.ceil(weightBytes / (2 * outFeatures * inFeatures));
  const layers = Array.from({ length: count }, () => {
    const planes = { format: "dense", weight: bfloat16(backend, [outFeatures, inFeatures]) };
    return backend.prepareLinear({ inFeatures, dtype: "bfloat16", parts: [{ name: "w", outFeatures, planes }] });
  });
  return { isa, backend, layers, best: Number.POSITIVE_INFINITY };
}

console.log(`linear, bfloat16, ${numThreads} threads, GFLOP/s: ${names.join(", ")}; ratios to the first`);
for (const layer of LAYERS) {
  const { outFeatures, inFeatures } = layer;
  const sets = names.map((isa) => prepared(isa, layer));
  for (const tokens of [1, 8, 32, 128, 512]) {
    for (const set of sets) {
      set.best = Number.POSITIVE_INFINITY;
      set.x = bfloat16(set.backend, [tokens, inFeatures]);
      set.out = bfloat16(set.backend, [tokens, outFeatures]);
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const set of sets) {
        const used = tokens > 8 ? set.layers.slice(0, 1) : set.layers;
        const start = performance.now();
        for (const weight of used) set.backend.ops.linear(set.out, set.x, weight);
        set.best = Math.min(set.best, (performance.now() - start) / used.length);
      }
    }
    const rates = sets.map(({ best }) => (2 * tokens * outFeatures * inFeatures) / best / 1e6);
    const ratios = rates.map((rate) => `${(rate / rates[0]).toFixed(2)}x`);
    const name = `${outFeatures}x${inFeatures}, ${tokens} token${tokens > 1 ? "s" : ""}`;
    console.log(`${name.padEnd(24)} ${rates.map((r) => r.toFixed(1).padStart(8)).join(" ")}   ${ratios.join(" ")}`);
    for (const { x, out } of sets) for (const { storage } of [x, out]) storage.dispose();
  }
  for (const { backend } of sets) backend.dispose();
}
