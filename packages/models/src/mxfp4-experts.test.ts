import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesOf, decodeBlocks, OctavoError, openSafetensors, readHeaderOnly } from "@octavo/core";
import { expect, test } from "vitest";
import { modelFolder } from "../test-support/model-folder.js";
import { Checkpoint } from "./checkpoint.js";
import { describeModel } from "./describe-model.js";
import { withMxfp4Experts } from "./mxfp4-experts.js";
import { weightNeed } from "./weight-need.js";

const GPT_OSS = fileURLToPath(new URL("../../../test/fixtures/models/gpt-oss-mxfp4", import.meta.url));
const EXPERTS = "model.layers.1.mlp.experts";
const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

/** A safetensors file of zeros. */
function file(tensors: Readonly<Record<string, readonly [dtype: string, shape: readonly number[]]>>): string {
  let end = 0;
  const header = Object.entries(tensors).map(([name, [dtype, shape]]) => {
    const begin = end;
    end += shape.reduce((product, size) => product * size, dtype === "U8" ? 1 : 4);
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return modelFolder({ "model.safetensors": Buffer.concat([length, json, Buffer.alloc(end)]) });
}

test("an expert's blocks have the values of the checkpoint's codes and scales", () => {
  using weights = withMxfp4Experts(Checkpoint.open(GPT_OSS));
  const name = `${EXPERTS}.down_proj.2.weight`;
  const [rows, columns] = [64, 32];
  const blocks = weights.tensor(name);
  expect(weights.blockFormat!(name)).toBe("mxfp4");
  expect(blocks).toMatchObject({ dtype: "uint8", shape: [rows, 17] });
  const found = new Float32Array(rows * columns);
  decodeBlocks("mxfp4", bytesOf(blocks), found);

  const { tensors } = openSafetensors(join(GPT_OSS, "model.safetensors"));
  const codes = bytesOf(tensors.get(`${EXPERTS}.down_proj_blocks`)!).subarray(2 * rows * 16);
  const scales = bytesOf(tensors.get(`${EXPERTS}.down_proj_scales`)!).subarray(2 * rows);
  const wanted = found.map((_, i) => {
    const code = (codes[i >> 1]! >> (4 * (i % 2))) & 15;
    return (code & 8 ? -1 : 1) * E2M1[code & 7]! * 2 ** (scales[Math.floor(i / columns)]! - 127);
  });
  expect(found).toEqual(wanted);
  expect(new Set(found).size).toBeGreaterThan(12);
});

test("biases go with their experts, other tensors stay", () => {
  using weights = withMxfp4Experts(Checkpoint.open(GPT_OSS));
  const all = openSafetensors(join(GPT_OSS, "model.safetensors")).tensors.get(`${EXPERTS}.gate_up_proj_bias`)!;
  expect(bytesOf(weights.tensor(`${EXPERTS}.gate_up_proj.3.bias`))).toEqual(bytesOf(all).slice(3 * 128));
  const names = [...weights.names];
  expect(names).toContain("model.layers.1.mlp.router.weight");
  expect(names.filter((name) => /_(blocks|scales|bias)$/.test(name))).toEqual([]);
  expect(weights.origin(`${EXPERTS}.gate_up_proj.3.weight`)).toMatch(/model\.safetensors$/);
});

test("memory counts blocks where they are computed so", () => {
  const { tensors, weightBytes, problems } = describeModel(GPT_OSS);
  expect(problems).toEqual([]);
  const experts = 2 * 4 * (64 * 2 + 64) * 17;
  const packed = weightNeed(tensors, { dtype: "bfloat16", packed: ["mxfp4"] });
  expect(packed).toMatchObject({ packedBytes: experts, weightBytes, decodedFormats: [] });
  const decoded = weightNeed(tensors, { dtype: "bfloat16", packed: [] });
  expect(decoded.decodedFormats).toEqual(["MXFP4"]);
  expect(decoded.weightBytes - weightBytes).toBe((experts / 17) * 64 - experts);
});

test("blocks and scales of other shapes are named", () => {
  const folder = file({ "a.up_blocks": ["U8", [2, 3, 1, 16]], "a.up_scales": ["U8", [2, 3, 2]] });
  using checkpoint = Checkpoint.open(folder, readHeaderOnly);
  expect(() => withMxfp4Experts(checkpoint)).toThrow(OctavoError);
  expect(() => withMxfp4Experts(checkpoint)).toThrow(
    /a\.up_blocks in .*model\.safetensors is uint8 \[2,3,1,16\] and a\.up_scales is uint8 \[2,3,2\], expected/,
  );
});

test("files without such tensors stay as they are", () => {
  using checkpoint = Checkpoint.open(file({ "a.up_blocks": ["F32", [2]] }), readHeaderOnly);
  expect(withMxfp4Experts(checkpoint)).toBe(checkpoint);
});
