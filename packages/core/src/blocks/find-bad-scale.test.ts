import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openSafetensors } from "../containers/safetensors.js";
import { bytesOf } from "../tensor.js";
import { decodeBlocks } from "./decode.js";
import { findBadScale } from "./find-bad-scale.js";
import { BLOCK_FORMATS, type BlockFormat } from "./format.js";

const golden = openSafetensors(
  fileURLToPath(new URL("../../../../test/fixtures/block-golden.safetensors", import.meta.url)),
);

test.each(Object.keys(BLOCK_FORMATS) as BlockFormat[])(
  "%s: every byte that makes values not finite is found",
  (format) => {
    const blocks = bytesOf(golden.tensors.get(`${format}.blocks`)!);
    expect(findBadScale(format, blocks)).toBe(-1);
    const { bytes: size, elements } = BLOCK_FORMATS[format];
    const values = new Float32Array(3 * elements);
    let found = 0;
    for (let byte = 0; byte < size; byte++) {
      // Also with the byte before it: in two formats the exponent lies in two.
      for (const [value, before] of [[0x7c], [0xff], [0x7f, 0x80], [0xff, 0xff]] as const) {
        const damaged = Uint8Array.from(blocks.subarray(0, 3 * size));
        damaged[size + byte] = value;
        for (const distance of [1, 2])
          if (before !== undefined && byte >= distance) damaged[size + byte - distance] = before;
        decodeBlocks(format, damaged, values);
        const bad = values.findIndex((x) => !Number.isFinite(x));
        const at = findBadScale(format, damaged);
        if (bad >= 0) expect(at, `byte ${byte}`).toBe(1);
        if (at >= 0) found++;
      }
    }
    expect(found > 0).toBe(format !== "nvfp4");
  },
);
