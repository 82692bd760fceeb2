// Tensors of numbers as a safetensors file in float32.
import { writeFileSync } from "node:fs";
import type { StoredTensors } from "./gguf/stored-tensors.js";

export function writeSafetensors(path: string, tensors: StoredTensors): void {
  let offset = 0;
  const header = Object.fromEntries(
    [...tensors].map(([name, { shape, values }]) => {
      const begin = offset;
      offset += values.byteLength;
      return [name, { dtype: "F32", shape, data_offsets: [begin, offset] }];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const data = [...tensors.values()].map(({ values }) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  writeFileSync(path, Buffer.concat([length, json, ...data]));
}
