import type { EngineInfo } from "@octavo/engine";
import { expect, test } from "vitest";
import { banner } from "./banner.js";

const MIB = 2 ** 20;
const info: EngineInfo = {
  model: "folder",
  architecture: "LlamaForCausalLM",
  worldSize: 1,
  device: "cpu",
  dtype: "bfloat16",
  vocabSize: 300,
  maxModelLen: 128,
  maxNumSeqs: 4,
  maxLogprobs: 20,
  logprobsMode: "raw_logprobs",
  schedulingPolicy: "fcfs",
  maxNumBatchedTokens: 64,
  blockSize: 16,
  numBlocks: 9,
  slidingWindows: [null],
  weightBytes: 14 * MIB,
  kvOffloadingBytes: 0,
  kvCacheBytes: 256 * MIB,
  memory: { weights: 14 * MIB, kv: 256 * MIB, workspace: 12 * MIB, tables: MIB / 2, graphs: 0 },
  loadSeconds: 0.25,
  generationDefaults: {},
};
const dedicated = { totalBytes: 80 * 1024 * MIB, contextBytes: 512 * MIB };
const lineOf = (changes: Partial<EngineInfo>, word: string, options = {}) => {
  const text = banner(
    "http://host:1",
    "it's",
    { ...info, ...changes },
    { needsKey: false, hasTokenizer: true, ...options },
  );
  return text.split("\n").find((line) => line.trim().startsWith(word));
};

test("memory is what is held, and of which share", () => {
  expect(lineOf({}, "memory")).toMatch(
    / weights 14\.0 MiB, KV cache 256\.0 MiB, workspace 12\.0 MiB, tables 512\.0 KiB$/,
  );
  expect(lineOf({ memory: { ...info.memory, weights: 0 } }, "memory")).toMatch(/ weights 14\.0 MiB mapped, /);
  expect(lineOf({ memory: { ...info.memory, weights: MIB } }, "memory")).toMatch(
    / weights 1\.0 MiB and 13\.0 MiB mapped, /,
  );
  expect(lineOf({ dedicated: { ...dedicated, shareBytes: 72 * 1024 * MIB } }, "memory")).toMatch(
    /weights 14\.0 MiB, .*, CUDA context 512\.0 MiB; share 72\.00 GiB of the GPU's 80\.00 GiB$/,
  );
  expect(lineOf({ dedicated }, "memory")).toMatch(/512\.0 MiB; the GPU's 80\.00 GiB$/);
});

test("the request to paste is one that this engine answers", () => {
  expect(lineOf({}, "try it", { needsKey: true })).toMatch(
    /chat\/completions .*Bearer \$OCTAVO_API_KEY" -d '\{"model":"it'\\''s","messages":/,
  );
  expect(lineOf({}, "try it", { hasTokenizer: false })).toMatch(/v1\/completions .*"prompt":\[1,2,3\]\}'$/);
  expect(lineOf({}, "address")).toContain("chat page");
  const pooling = { type: "mean", normalize: true, size: 384, matryoshka: null } as const;
  expect(lineOf({ pooling }, "try it")).toMatch(/v1\/embeddings .*"input":"Hello!"\}'$/);
  expect(lineOf({ pooling }, "Octavo")).toMatch(/, mean embeddings of 384 elements, /);
  expect(lineOf({ pooling }, "address")).not.toContain("chat page");
  expect(lineOf({}, "address", { hasTokenizer: false })).toContain("token ids only");
});
