// Says on stderr which weights are decoded because the backend does not compute them as they are: they take more memory than the file.
import type { BackendInfo, FloatDType } from "@octavo/core";
import type { QuantScheme, TensorSource } from "@octavo/quant";
import { checkpointTensors, type ParameterSpec } from "./parameters.js";

/** One line, or nothing. Embedding tables are always decoded and do not count. */
export function sayDecoded(
  path: string,
  specs: readonly ParameterSpec[],
  source: TensorSource,
  scheme: QuantScheme,
  { name, blockFormats = [] }: BackendInfo,
  dtype: FloatDType,
): void {
  const decoded = new Set<string>();
  const linears = specs.filter(({ kind }) => kind !== "tensor");
  for (const { name: weight } of checkpointTensors(linears, scheme, source)) {
    const format = source.blockFormat?.(weight);
    if (format !== undefined && !blockFormats.includes(format)) decoded.add(format.toUpperCase());
  }
  if (decoded.size === 0) return;
  const formats = [...decoded].sort().join(", ");
  process.stderr.write(
    `octavo: ${path}: weights in ${formats} are decoded to ${dtype}, backend ${name} does not compute them as they are\n`,
  );
}
