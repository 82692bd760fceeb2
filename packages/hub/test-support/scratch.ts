// A fake hub with one model, an empty cache, and the options that lead there; all of it goes when the test is done.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { PullOptions } from "../src/pull.js";
import { FakeHub, type FakeModel } from "./fake-hub.js";

export const ID = "org/name";
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
export const WEIGHTS = randomBytes(300_000);

/** The files of a small model, some of which are not needed. */
export const MODEL: FakeModel = {
  commit: COMMIT,
  files: {
    "config.json": Buffer.from('{"architectures": ["LlamaForCausalLM"]}'),
    "tokenizer.json": Buffer.from(`{"model": "${"x".repeat(2000)}"}`),
    "1_Pooling/config.json": Buffer.from("{}"),
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": randomBytes(2000),
    "original/consolidated.00.pth": randomBytes(2000),
    "onnx/model.onnx": randomBytes(2000),
    "README.md": Buffer.from("# A model"),
  },
};

export interface Scratch {
  readonly hub: FakeHub;
  readonly cache: string;
  readonly env: Record<string, string>;
  /** Quick retries, small pieces. */
  readonly options: PullOptions;
}

export async function scratch(model: FakeModel = MODEL): Promise<Scratch> {
  const home = mkdtempSync(join(tmpdir(), "octavo-hub-"));
  const hub = await FakeHub.start({ [ID]: model });
  onTestFinished(async () => {
    await hub[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });
  const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: home, MODELSCOPE_ENDPOINT: hub.endpoint, MODELSCOPE_CACHE: home };
  return { hub, cache: join(home, "hub"), env, options: { env, pieceBytes: 2 ** 16, retryDelayMs: 1 } };
}
