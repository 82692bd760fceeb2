// Warnings of the engine thread are the process's, at once: the thread itself never gets to show them.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LLM } from "@octavo/engine";
import { expect, test } from "vitest";

const MODEL = fileURLToPath(new URL("../fixtures/models/llama-gqa-tied", import.meta.url));

/** Appends a tensor that no architecture has. */
function withUnknownTensor(file: Buffer): Buffer {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length));
  const data = file.subarray(8 + length);
  header["vision.weight"] = { dtype: "F32", shape: [1], data_offsets: [data.length, data.length + 4] };
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, data, Buffer.alloc(4)]);
}

test.each([true, false])("unused tensors, thread %s", async (thread) => {
  const folder = mkdtempSync(join(tmpdir(), "octavo-warnings-"));
  const warnings: NodeJS.ErrnoException[] = [];
  const collect = (warning: Error) => warnings.push(warning);
  process.on("warning", collect);
  try {
    cpSync(MODEL, folder, { recursive: true });
    const weights = join(folder, "model.safetensors");
    writeFileSync(weights, withUnknownTensor(readFileSync(weights)));
    const options = { device: "cpu", thread, skipTokenizerInit: true, numThreads: 1 } as const;
    await using llm = await LLM.load(folder, options);
    await llm.generate([1, 2], { maxTokens: 1 });
    expect(warnings).toEqual([expect.objectContaining({ code: "OCTAVO_UNUSED_TENSORS" })]);
    expect(warnings[0]!.message).toContain("vision.weight");
  } finally {
    process.off("warning", collect);
    rmSync(folder, { recursive: true });
  }
});
