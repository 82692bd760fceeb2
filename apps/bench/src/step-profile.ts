// What each op of an 8B model's step costs on a GPU: dummy weights, eager steps, times by events on the device.
// node apps/bench/dist/step-profile.js [SHAPE]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStatsBuffer, type EngineCore, encodeAdd, loadCore, resolveSamplingParams } from "@octavo/engine/core";
import { createBackend, profileOps } from "@octavo/kernels-cuda";
import { SHAPES } from "./phases/shapes.js";

const BATCHES = [1, 16, 64, 256];
const PROMPT_TOKENS = 128;
/** Steps before the measured one: context and clocks are then those of a running engine. */
const WARMUP_STEPS = 100;
const PREFILLS = [1024, 8192];
const MAX_MODEL_LEN = 8448;

const shape = process.argv[2] ?? "8b";
if (!Object.hasOwn(SHAPES, shape)) {
  console.error(`step-profile: there is no shape "${shape}", only ${Object.keys(SHAPES).join(", ")}`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "octavo-step-profile-"));
const profile = profileOps(createBackend());
try {
  writeFileSync(join(folder, "config.json"), JSON.stringify(SHAPES[shape]));
  const options = {
    loadFormat: "dummy",
    enforceEager: true,
    asyncScheduling: false,
    enablePrefixCaching: false,
    maxModelLen: MAX_MODEL_LEN,
    maxNumBatchedTokens: 8192,
  } as const;
  const { core, info } = await loadCore(folder, options, new Float64Array(createStatsBuffer()), profile.backend);
  const context = { defaults: {}, vocabSize: info.vocabSize, maxModelLen: MAX_MODEL_LEN, numPromptTokens: 1 };
  let id = 0;
  const add = (length: number, maxTokens: number) => {
    const prompt = Int32Array.from({ length }, (_, i) => (id * 7919 + i * 31) % info.vocabSize);
    core.handle(
      encodeAdd(++id, prompt, resolveSamplingParams({ maxTokens, temperature: 0, ignoreEos: true }, context), []),
    );
  };
  for (const length of PREFILLS) {
    add(length, 1);
    run(core, Number.POSITIVE_INFINITY);
    add(length, 1);
    report(`prefill of ${length} tokens`, core);
  }
  for (const batch of BATCHES) {
    for (let i = 0; i < batch; i++) add(PROMPT_TOKENS, WARMUP_STEPS + 50);
    run(core, WARMUP_STEPS);
    report(`decode, batch ${batch}, context of about ${PROMPT_TOKENS + WARMUP_STEPS}`, core);
    run(core, Number.POSITIVE_INFINITY);
  }
  core.dispose();
} finally {
  rmSync(folder, { recursive: true });
}

function run(core: EngineCore, steps: number): void {
  for (let step = 0; step < steps && core.step(); step++) core.outputs.take();
}

function report(title: string, core: EngineCore): void {
  profile.start();
  core.step();
  const { totalMicroseconds, ops } = profile.report();
  core.outputs.take();
  console.log(
    `\n${title}: ${(totalMicroseconds / 1000).toFixed(3)} ms\n\n| op | calls | us | share |\n|---|---|---|---|`,
  );
  for (const { op, calls, microseconds, share } of [...ops].sort((a, b) => b.share - a.share)) {
    console.log(`| ${op} | ${calls} | ${microseconds.toFixed(0)} | ${(100 * share).toFixed(1)} % |`);
  }
}
