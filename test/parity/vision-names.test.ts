// Models that also see images lie on the hub under names of several times. Whatever stands in front of the text's, the logits are
// transformers'; that images are not read is said.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBackend } from "@octavo/kernels-cpu";
import { expect, onTestFinished, test, vi } from "vitest";
import { goldenModels, largestDistance } from "./golden.js";
import { logitsOf } from "./golden-run.js";

const TOLERANCE = 1e-3;

/** The beginnings of names: transformers 4 until 4.51, 4.52 and after, the base model's alone; of models that also speak. */
const LLAVA = ["language_model.model.", "language_model.lm_head."];
const INNER = ["model.language_model.", "lm_head."];
const BASE = ["language_model.", "lm_head."];
const SPEAKING = ["thinker.model.", "thinker.lm_head."];
const PLAIN = ["model.", "lm_head."];

const models = new Map(goldenModels().map((model) => [model.name, model]));

test.each([
  ["gemma3-vision", LLAVA, INNER],
  ["gemma3-vision", LLAVA, BASE],
  ["mistral3-vision", LLAVA, INNER],
  ["qwen2-vl", PLAIN, INNER],
  ["qwen2.5-vl", PLAIN, INNER],
  ["qwen3-vl", INNER, LLAVA],
  ["qwen2.5-vl", PLAIN, SPEAKING],
] as const)("%s: %j as %j", (name, from, to) => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const model = models.get(name)!;
  const folder = mkdtempSync(join(tmpdir(), "octavo-vision-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(model.folder, folder, { recursive: true });
  rename(join(folder, "model.safetensors"), (tensor) => {
    const i = from.findIndex((beginning) => tensor.startsWith(beginning));
    return i < 0 ? tensor : to[i]! + tensor.slice(from[i]!.length);
  });
  using backend = createBackend({ numThreads: 1 });
  const golden = model.cases.find((c) => c.name === "p7")!;
  const found = logitsOf({ ...model, folder }, backend, golden, golden.ids.length);
  expect(largestDistance(found, golden).distance).toBeLessThan(TOLERANCE);
  expect(warn.mock.calls).toHaveLength(1);
  expect(warn.mock.calls[0]![0]).toMatch(
    /has tensors that \w+ does not use: .*(vision_tower|visual|multi_modal_projector)\./,
  );
});

/** Rewrites a safetensors file's header. */
function rename(path: string, change: (name: string) => string): void {
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header: Record<string, unknown> = JSON.parse(bytes.toString("utf8", 8, end));
  const changed = Object.fromEntries(Object.entries(header).map(([name, entry]) => [change(name), entry]));
  const text = Buffer.from(JSON.stringify(changed));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, bytes.subarray(end)]));
}
