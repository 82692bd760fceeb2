import { type DeviceForModel, type Inspection, inspectModel } from "@octavo/engine";
import { expect, test } from "vitest";
import { defaultModelFolder } from "../default-model.js";
import { formatModel, formatTensors } from "./inspect.js";

const pocket = async (): Promise<Inspection> => inspectModel(await defaultModelFolder());
const weights = { dtype: "bfloat16", weightBytes: 14 * 2 ** 20, packedBytes: 0, decodedFormats: [] } as const;
const cpu: DeviceForModel = {
  ...{ device: "cpu", description: "avx2, 2 threads", availableBytes: 2 ** 33, problem: null },
  weights,
};
const noCuda: DeviceForModel = {
  ...{ device: "cuda", description: null, availableBytes: null, problem: "it was not built" },
  weights: null,
};

const format = (inspection: Inspection, devices: DeviceForModel[]): string => formatModel({ ...inspection, devices });

test("Pocket's numbers", async () => {
  const inspection = await pocket();
  const text = format(inspection, [cpu, noCuda]);
  expect(text).toMatch(/^parameters +7\.3 M in 74 tensors$/m);
  expect(text).toMatch(/^files +1 \(safetensors\)$/m);
  expect(text).toMatch(/^rope +theta 10000, rotary dim 64, scaling type default$/m);
  expect(text).toMatch(/^tie word embeddings +yes$/m);
  expect(text).not.toMatch(/attention bias|quantization/);
  expect(text).toMatch(/^keys and values, a token +4\.0 KiB$/m);
  expect(text).toMatch(/^keys and values, max_model_len 2048 +8\.1 MiB$/m);
  expect(text).toMatch(
    /^cpu +yes\n {2}backend +avx2, 2 threads\n {2}free memory +8\.00 GiB\n {2}weights +14\.0 MiB, computed in bfloat16\ncuda +not here$/m,
  );
  expect(text).toMatch(
    /\nIt runs here: octavo serve .*a GPU with 1\.1\d GiB holds it with one request of 2048 tokens\.\n$/,
  );
  expect(formatTensors(inspection.description.tensors)).toMatch(/^model\.norm\.weight +bfloat16 +512 B {2}\[256\]$/m);
});

test("blocks: what is computed as it is and what is decoded", async () => {
  const blocks = { ...weights, packedBytes: 2 ** 20, decodedFormats: ["IQ4_XS", "MXFP4"] };
  const text = format(await pocket(), [{ ...cpu, weights: blocks }]);
  expect(text).toMatch(/^ {2}of these in blocks, as they are +1\.0 MiB$/m);
  expect(text).toMatch(/^ {2}decoded to bfloat16 +IQ4_XS, MXFP4$/m);
});

test("a folder without weights", async () => {
  const { description, serving } = await pocket();
  const bare = { ...description, tensors: [], formats: [], weightBytes: 0, problems: ["no weights"] };
  const text = format({ description: bare, serving, devices: [] }, [{ ...cpu, weights: null }]);
  expect(text).toMatch(/^cpu +not known without weights$/m);
  expect(text).toMatch(/^weights in the files +none in this folder$/m);
});

test("what does not run is said with why", async () => {
  const inspection = await pocket();
  const problem = "m needs at least 20 MiB";
  const text = format(inspection, [{ ...cpu, problem }, noCuda]);
  expect(text).toMatch(/^cpu +no$/m);
  expect(text).toMatch(/\nOn cpu: m needs at least 20 MiB\.\nIt does not run here; a GPU with .*\n$/);
  const unknown = { ...inspection.description, config: null, problems: ["architecture X is not supported"] };
  expect(format({ ...inspection, description: unknown, serving: null }, [cpu])).toMatch(
    /7\.3 M in 74 tensors[\s\S]*\nProblem: architecture X is not supported\n$/,
  );
});

test("windows of layers", async () => {
  const inspection = await pocket();
  const { description } = inspection;
  const windows = description.config!.windows.map((_, layer) => (layer < 6 ? 128 : null));
  const windowed = { ...description, config: { ...description.config!, windows } };
  const serving = { ...inspection.serving!, slidingWindows: [128, 128, 128, null] };
  const text = format({ ...inspection, serving, description: windowed }, [cpu]);
  expect(text).toMatch(/^sliding window +128 tokens in 6 of 8 layers$/m);
  expect(text).not.toMatch(/^windows /m);
  expect(text).toMatch(/^tokens seen, by group of layers +128,128,128,all$/m);
  expect(format(inspection, [cpu])).not.toContain("by group of layers");
});

test("an encoder has a longest text and keeps no keys and values", async () => {
  const inspection = await pocket();
  const pooling = { type: "mean", normalize: true, maxSeqLength: 256 } as const;
  const serving = { pooling, maxModelLen: 256, kvBytesPerToken: 0, kvBytesAtMaxModelLen: 0, slidingWindows: [] };
  const text = format({ ...inspection, serving }, [cpu]);
  expect(text).toMatch(/^embeddings +mean, of length 1, made for texts up to 256 tokens$/m);
  expect(text).toMatch(/^longest text, max_model_len +256 tokens$/m);
  expect(text).not.toMatch(/keys and values,/);
  expect(text).toMatch(/holds it\.\n$/);
  const decoder = { ...serving, kvBytesPerToken: 1024, kvBytesAtMaxModelLen: 4096 };
  expect(format({ ...inspection, serving: decoder }, [cpu])).toMatch(/^keys and values, a step +4\.0 KiB$/m);
});

test.each([
  [{ bytes: 2048, bytesToDownload: 2048 }, "2.0 KiB"],
  [{ bytes: 2048, bytesToDownload: 1024 }, "1.0 KiB of 2.0 KiB, the rest is in the cache"],
  [{ bytes: 2048, bytesToDownload: 0 }, "2.0 KiB, all in the cache"],
])("a model of a hub: %j", async (download, said) => {
  expect(formatModel(await pocket(), download)).toMatch(new RegExp(`^download +${said}$`, "m"));
});
