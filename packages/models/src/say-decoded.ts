// Says on stderr which weights are decoded because the backend does not compute them as they are: they take more memory than the file.
import type { BackendInfo, FloatDType } from "@octavo/core";
import type { TensorSource } from "@octavo/quant";
import { linearParts, type ParameterSpec } from "./parameters.js";

/** One line, or nothing. Embedding tables are always decoded and do not count. */
export function sayDecoded(
  path: string,
  specs: readonly ParameterSpec[],
  source: TensorSource,
  { name, blockFormats = [] }: BackendInfo,
  dtype: FloatDType,
): void {
  const decoded = new Set<string>();
  for (const { name: layer } of linearParts(specs)) {
    const format = source.blockFormat?.(`${layer}.weight`);
    if (format !== undefined && !blockFormats.includes(format)) decoded.add(format.toUpperCase());
  }
  if (decoded.size === 0) return;
  const formats = [...decoded].sort().join(", ");
  process.stderr.write(
    `octavo: ${path}: weights in ${formats} are decoded to ${dtype}, backend ${name} does not compute them as they are\n`,
  );
}
