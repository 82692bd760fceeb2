// Damaged weights end requests with an error that says so; the engine goes on.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSafetensors } from "@octavo/core";
import { LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "octavo-nan-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("NaN in a weight fails each request that meets it", async () => {
  cpSync(modelPath, folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  const path = join(folder, "model.safetensors");
  const bytes = readFileSync(path);
  const { byteOffset } = openSafetensors(path).tensors.get("model.layers.3.mlp.down_proj.weight")!;
  bytes.writeUInt16LE(0x7fff, byteOffset);
  writeFileSync(path, bytes);

  const llm = await LLM.load(folder, { maxModelLen: 128, maxNumSeqs: 4 });
  for (const temperature of [0, 1]) {
    await expect(Promise.resolve(llm.generate("Once", { temperature }))).rejects.toThrowError(/no finite logits/);
  }
  expect(llm.failure).toBeNull();
  expect(llm.stats).toMatchObject({ numRunning: 0, kvBlocksUsed: 0 });
  await llm.dispose();
});
