import { type DeviceForModel, describeModel, type ModelDescription } from "@octavo/engine";
import { expect, test } from "vitest";
import { defaultModelFolder } from "../default-model.js";
import { formatModel, formatTensors, memoryNeed } from "./inspect.js";

const pocket = async (): Promise<ModelDescription> => describeModel(await defaultModelFolder());
const weights = { dtype: "bfloat16", weightBytes: 14 * 2 ** 20, packedBytes: 0, decodedFormats: [] } as const;
const cpu: DeviceForModel = {
  ...{ device: "cpu", description: "avx2, 2 threads", availableBytes: 2 ** 33, problem: null },
  weights,
};
const noCuda: DeviceForModel = {
  ...{ device: "cuda", description: null, availableBytes: null, problem: "it was not built" },
  weights: null,
};

function format(description: ModelDescription, devices: DeviceForModel[], maxModelLen?: number): string {
  return formatModel({ description, devices, memory: memoryNeed(description, { maxModelLen }) });
}

test("Pocket's numbers", async () => {
  const description = await pocket();
  // 8 layers, 2 heads of 64 for keys and values each, 2 bytes.
  expect(memoryNeed(description)).toMatchObject({
    kvBytesPerToken: 8 * 2 * 2 * 64 * 2,
    maxModelLen: 2048,
    kvBytesAtMaxModelLen: 2048 * 4096,
  });
  expect(memoryNeed(description, { maxModelLen: 100, dtype: "float32" })?.kvBytesAtMaxModelLen).toBe(100 * 8192);
  const text = format(description, [cpu, noCuda]);
  expect(text).toMatch(/^parameters +7\.3 M in 74 tensors$/m);
  expect(text).toMatch(/^files +1 \(safetensors\)$/m);
  expect(text).toMatch(/^rope +theta 10000, rotary dim 64, scaling type default$/m);
  expect(text).toMatch(/^tie word embeddings +yes$/m);
  expect(text).not.toMatch(/attention bias|quantization/);
  expect(text).toMatch(/^keys and values, a token +4\.0 KiB$/m);
  expect(text).toMatch(/^keys and values, max_model_len 2048 +8\.0 MiB$/m);
  expect(text).toMatch(
    /^cpu +yes\n {2}backend +avx2, 2 threads\n {2}free memory +8\.00 GiB\n {2}weights +14\.0 MiB, computed in bfloat16\ncuda +not here$/m,
  );
  expect(text).toMatch(
    /\nIt runs here: octavo serve .*a GPU with 1\.1\d GiB holds it with one request of 2048 tokens\.\n$/,
  );
  expect(formatTensors(description.tensors)).toMatch(/^model\.norm\.weight +bfloat16 +512 B {2}\[256\]$/m);
});

test("a context beyond the model's: no GPU is large enough", async () => {
  const problem = "max_model_len 9999 exceeds the model's 2048 positions";
  const text = format(await pocket(), [{ ...cpu, problem }], 9999);
  expect(text).toMatch(/\nOn cpu: max_model_len 9999 exceeds .*\nNo device runs it with such a context\.\n$/);
});

test("blocks: what is computed as it is and what is decoded", async () => {
  const blocks = { ...weights, packedBytes: 2 ** 20, decodedFormats: ["IQ4_XS", "MXFP4"] };
  const text = format(await pocket(), [{ ...cpu, weights: blocks }]);
  expect(text).toMatch(/^ {2}of these in blocks, as they are +1\.0 MiB$/m);
  expect(text).toMatch(/^ {2}decoded to bfloat16 +IQ4_XS, MXFP4$/m);
});

test("a folder without weights", async () => {
  const description = { ...(await pocket()), tensors: [], formats: [], weightBytes: 0, problems: ["no weights"] };
  const text = format(description, [{ ...cpu, weights: null }]);
  expect(text).toMatch(/^cpu +not known without weights$/m);
  expect(text).toMatch(/^weights in the files +none in this folder$/m);
});

test("what does not run is said with why", async () => {
  const description = await pocket();
  const problem = "m needs at least 20 MiB";
  const text = format(description, [{ ...cpu, problem }, noCuda]);
  expect(text).toMatch(/^cpu +no$/m);
  expect(text).toMatch(/\nOn cpu: m needs at least 20 MiB\.\nIt does not run here; a GPU with .*\n$/);
  const unknown = { ...description, config: null, problems: ["architecture X is not supported"] };
  expect(format(unknown, [cpu])).toMatch(/7\.3 M in 74 tensors[\s\S]*\nProblem: architecture X is not supported\n$/);
});

test("windows of layers, and what a long request keeps of them", async () => {
  const description = await pocket();
  const windows = description.config!.windows.map((_, layer) => (layer < 6 ? 128 : null));
  const windowed = { ...description, config: { ...description.config!, windows } };
  expect(memoryNeed(windowed)?.kvBytesAtMaxModelLen).toBe((6 * 128 + 2 * 2048) * 512);
  const text = format(windowed, [cpu]);
  expect(text).toMatch(/^sliding window +128 tokens in 6 of 8 layers$/m);
  expect(text).not.toMatch(/^windows /m);
  expect(text).toMatch(/^tokens seen, by group of layers +128,128,128,all$/m);
  expect(format(windowed, [cpu], 100)).not.toContain("by group of layers");
});
