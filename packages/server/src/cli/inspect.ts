// `octavo inspect`: a model's config, tensors and memory, from its headers.
import { basename } from "node:path";
import type { FloatDType } from "@octavo/core";
import { kvBytesPerToken, type ModelDescription, type TensorSummary } from "@octavo/engine";
import { formatTable, type Row } from "../bench/table.js";
import { formatBytes, formatCount } from "./sizes.js";

/** Bytes that a model needs, in its own dtype. */
export interface MemoryNeed {
  readonly weightBytes: number;
  readonly kvBytesPerToken: number;
  /** Keys and values of one request as long as the model allows. */
  readonly kvBytesOfFullContext: number;
}

export function memoryNeed({ config, weightBytes }: ModelDescription): MemoryNeed | null {
  if (config === null) return null;
  const perToken = kvBytesPerToken(config, config.dtype as FloatDType);
  return { weightBytes, kvBytesPerToken: perToken, kvBytesOfFullContext: perToken * config.maxPositions };
}

/** @param availableBytes of this machine's memory */
export function formatModel(description: ModelDescription, availableBytes: number): string {
  const { path, config, tensors, weightBytes, problems } = description;
  const rows: (Row | string)[] = [];
  if (config !== null) {
    rows.push(
      ["architecture", config.architecture],
      ["layers", config.numLayers],
      ["hidden size", config.hiddenSize],
      ["heads", `${config.numHeads} of ${config.headDim}, ${config.numKvHeads} for keys and values`],
      ["vocabulary", config.vocabSize],
      ["context", `${config.maxPositions} tokens`],
      ["dtype", config.dtype],
    );
  }
  if (tensors.length > 0) {
    const elements = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    rows.push(["parameters", `${formatCount(elements)} in ${tensors.length} tensors`], ...bytesByDType(tensors));
  }
  const need = memoryNeed(description);
  if (need !== null) {
    rows.push(
      "memory",
      ["weights", tensors.length > 0 ? formatBytes(weightBytes) : "none in this folder"],
      ["keys and values, a token", formatBytes(need.kvBytesPerToken)],
      ["keys and values, a full context", formatBytes(need.kvBytesOfFullContext)],
      ["available here", formatBytes(availableBytes)],
    );
  }
  const advice =
    problems.length > 0 ? problems.map((problem) => `Problem: ${problem}`) : [adviceFor(description, availableBytes)];
  return `${formatTable(basename(path) || path, rows)}\n${advice.join("\n")}\n`;
}

/** A CUDA context, kernels and workspace, roughly. */
const GPU_OVERHEAD = 2 ** 30;
/** `--gpu-memory-utilization`'s default. */
const GPU_SHARE = 0.9;

/** What would run it. */
function adviceFor({ path, config, weightBytes }: ModelDescription, availableBytes: number): string {
  const perToken = kvBytesPerToken(config!, config!.dtype);
  const context = config!.maxPositions;
  const room = Math.floor((availableBytes - weightBytes) / perToken);
  const gpu = `a GPU with ${formatBytes((weightBytes + perToken * context + GPU_OVERHEAD) / GPU_SHARE)} holds it with one full context`;
  if (room >= context) return `It fits here: octavo serve ${path}. Or ${gpu}.`;
  const enough = 256;
  if (room >= enough)
    return `It fits here with a shorter context: octavo serve ${path} --max-model-len ${room}. Or ${gpu}.`;
  return `It does not fit into this machine's memory; ${gpu}.`;
}

function bytesByDType(tensors: readonly TensorSummary[]): Row[] {
  const sums = new Map<string, number>();
  for (const { dtype, byteLength } of tensors) sums.set(dtype, (sums.get(dtype) ?? 0) + byteLength);
  return [...sums].map(([dtype, bytes]): Row => [`  ${dtype}`, formatBytes(bytes)]);
}

/** One line a tensor. */
export function formatTensors(tensors: readonly TensorSummary[]): string {
  const name = Math.max(0, ...tensors.map((tensor) => tensor.name.length));
  const dtype = Math.max(0, ...tensors.map((tensor) => tensor.dtype.length));
  const lines = tensors.map(
    (tensor) =>
      `${tensor.name.padEnd(name)}  ${tensor.dtype.padEnd(dtype)}  ${formatBytes(tensor.byteLength).padStart(10)}  [${tensor.shape.join(", ")}]\n`,
  );
  return lines.join("");
}
