// Dummy weights on the GPU: their bytes against the reference, a model's tokens against the CPU's, memory and time of loading.
// Plain Node, for machines that have no test runner: node test/gpu/dummy.mjs
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { heldBytes, tensor } from "@octavo/core";
import { createReferenceBackend, memoryCases, runMemoryCase } from "@octavo/core/testing";
import { LLM } from "@octavo/engine";
import { createBackend } from "@octavo/kernels-cuda";
import { loadModel } from "@octavo/models";

const SMALL = {
  architectures: ["LlamaForCausalLM"],
  vocab_size: 300,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-5,
};
/** Two layers as wide as those of an 8B model. */
const WIDE = {
  ...SMALL,
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 14336,
  num_hidden_layers: 2,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
};

let failures = 0;
function report(passed, text) {
  if (!passed) failures++;
  console.log(`${passed ? "PASS" : "FAIL"} ${text}`);
}

async function withFolder(config, use) {
  const folder = mkdtempSync(join(tmpdir(), "octavo-dummy-"));
  try {
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function finish(backend) {
  const event = backend.createEvent();
  event.record();
  event.wait();
  event.dispose();
}

function bytesEqualTheReference() {
  const backend = createBackend();
  console.log(backend.info.description);
  const before = heldBytes(backend.memory());
  const reference = createReferenceBackend();
  const found = memoryCases.map((memoryCase) => runMemoryCase(memoryCase, backend, reference));
  const wrong = found.filter((failure) => failure !== undefined);
  for (const failure of wrong) console.log(`FAIL ${failure}`);
  report(
    wrong.length === 0,
    `${found.length - wrong.length} of ${found.length} memory cases have the reference's bytes`,
  );
  backend.releaseStaging();
  const left = heldBytes(backend.memory()) - before;
  report(left === 0, `${left} bytes of GPU memory are left`);
  backend.dispose();
}

async function tokens(folder, device) {
  const options = { device, dtype: "float32", loadFormat: "dummy", skipTokenizerInit: true };
  const llm = await LLM.load(folder, { ...options, maxModelLen: 128, maxNumSeqs: 4 });
  try {
    const prompts = [[5, 6, 7], Array.from({ length: 70 }, (_, i) => (i * 37) % 300)];
    const outputs = await llm.generate(prompts, { temperature: 0, maxTokens: 24, ignoreEos: true });
    return outputs.map(({ tokenIds }) => tokenIds.join());
  } finally {
    await llm.dispose();
  }
}

function loadWide(folder) {
  const backend = createBackend();
  const fill = backend.fillRandom.bind(backend);
  let largest = 0;
  let most = 0;
  backend.fillRandom = (target, values) => {
    largest = Math.max(largest, target.storage.byteLength);
    most = Math.max(most, backend.memory().weights);
    fill(target, values);
  };
  const started = performance.now();
  const model = loadModel(folder, backend, { loadFormat: "dummy" });
  finish(backend);
  const seconds = (performance.now() - started) / 1000;
  const kept = backend.memory().weights;
  const mib = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
  report(
    kept === model.weightBytes && most <= kept + largest,
    `${mib(kept)} of weights loaded in ${seconds.toFixed(2)} s, at most ${mib(most)} at once (largest tensor ${mib(largest)})`,
  );
  model.dispose();
  backend.dispose();
}

function fillRate() {
  const backend = createBackend();
  const count = 2 ** 28;
  const target = tensor("bfloat16", [count], backend.allocate(2 * count, "weights"));
  const fill = () => {
    backend.fillRandom(target, { seed: 1, low: -1, high: 1 });
    finish(backend);
  };
  fill();
  const started = performance.now();
  fill();
  const seconds = (performance.now() - started) / 1000;
  console.log(`fillRandom: ${((2 * count) / seconds / 1e9).toFixed(0)} GB/s of bfloat16`);
  backend.dispose();
}

bytesEqualTheReference();
for (const tie_word_embeddings of [false, true]) {
  const config = { ...SMALL, tie_word_embeddings };
  const [cpu, cuda] = await withFolder(config, async (folder) => [
    await tokens(folder, "cpu"),
    await tokens(folder, "cuda"),
  ]);
  const same = cpu.every((text, i) => text === cuda[i]);
  report(same, `greedy float32 tokens of a dummy model are the CPU's, tied head ${tie_word_embeddings}`);
  if (!same) console.log(`cpu  ${cpu.join(" | ")}\ncuda ${cuda.join(" | ")}`);
}
await withFolder(WIDE, loadWide);
fillRate();
process.exitCode = failures > 0 ? 1 : 0;
