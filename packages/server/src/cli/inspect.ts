// `octavo inspect`: a model's config, tensors and memory, from its headers.
import { basename } from "node:path";
import type { FloatDType } from "@octavo/core";
import {
  type DeviceForModel,
  kvBytesOfContext,
  kvBytesPerToken,
  layerGroups,
  type ModelDescription,
  type TensorSummary,
} from "@octavo/engine";
import { formatTable, type Row } from "../bench/table.js";
import { formatBytes, formatCount } from "./sizes.js";

/** Bytes that a model needs, in one dtype. */
export interface MemoryNeed {
  /** In the files; what a device keeps of them is the device's business. */
  readonly weightBytes: number;
  readonly kvBytesPerToken: number;
  /** Tokens of the longest request. */
  readonly maxModelLen: number;
  /** Keys and values that one request of that length keeps. */
  readonly kvBytesAtMaxModelLen: number;
  /** For each group of layers with blocks of its own, the tokens that a token sees; null: all. */
  readonly slidingWindows: readonly (number | null)[];
}

/** What is known of a model here. */
export interface Inspection {
  readonly description: ModelDescription;
  readonly memory: MemoryNeed | null;
  readonly devices: readonly DeviceForModel[];
}

/** @param maxModelLen default: the model's limit @param dtype of the KV cache. Default: the model's */
export function memoryNeed(
  { config, weightBytes }: ModelDescription,
  { maxModelLen, dtype }: { readonly maxModelLen?: number; readonly dtype?: FloatDType } = {},
): MemoryNeed | null {
  if (config === null) return null;
  const tokens = maxModelLen ?? config.maxPositions;
  return {
    weightBytes,
    kvBytesPerToken: kvBytesPerToken(config, dtype ?? config.dtype),
    maxModelLen: tokens,
    kvBytesAtMaxModelLen: kvBytesOfContext(config, dtype ?? config.dtype, tokens),
    slidingWindows: layerGroups(config, tokens).slidingWindows.map((it) => (Number.isFinite(it) ? it : null)),
  };
}

export function formatModel({ description, memory, devices }: Inspection): string {
  const { path, config, formats, tensors, weightBytes, problems } = description;
  const rows: (Row | string)[] = config === null ? [] : configRows(config);
  if (tensors.length > 0) {
    const elements = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    const files = new Set(tensors.map((tensor) => tensor.path)).size;
    rows.push(
      ["parameters", `${formatCount(elements)} in ${tensors.length} tensors`],
      ["files", `${files} (${formats.join(", also ")})`],
      ...bytesByDType(tensors),
    );
  }
  if (memory !== null) {
    rows.push(
      "memory",
      ["weights in the files", tensors.length > 0 ? formatBytes(weightBytes) : "none in this folder"],
      ["keys and values, a token", formatBytes(memory.kvBytesPerToken)],
      [`keys and values, max_model_len ${memory.maxModelLen}`, formatBytes(memory.kvBytesAtMaxModelLen)],
      ...groupRows(memory.slidingWindows),
    );
  }
  if (config !== null && devices.length > 0) rows.push("what would run it", ...devices.flatMap(deviceRows));
  const advice =
    problems.length > 0
      ? problems.map((problem) => `Problem: ${problem}`)
      : [...devices.flatMap(problemOf), adviceFor(description, memory!, devices)];
  return `${formatTable(basename(path) || path, rows)}\n${advice.join("\n")}\n`;
}

/** The known fields in words, the others as they are called. */
function configRows(config: ModelConfig): Row[] {
  const { architecture, numLayers, hiddenSize, intermediateSize, numHeads, headDim, numKvHeads, ...more } = config;
  const { vocabSize, maxPositions, windows, dtype, ...others } = more;
  return [
    ["architecture", architecture],
    ["layers", numLayers],
    ["hidden size", hiddenSize],
    ["intermediate size", intermediateSize],
    ["heads", `${numHeads} of ${headDim}, ${numKvHeads} for keys and values`],
    ["vocabulary", vocabSize],
    ["context", `${maxPositions} tokens`],
    ...windowRows(windows),
    ["dtype", dtype],
    ...Object.entries(others).flatMap(([name, value]): Row[] => {
      const shown = shownValue(value);
      return shown === "" ? [] : [[words(name), shown]];
    }),
  ];
}

/** What tokens see in layers where that is not all. */
function windowRows(windows: ModelConfig["windows"]): Row[] {
  const finite = [...new Set(windows)].filter((window) => window !== null);
  return finite.map((window): Row => {
    const layers = windows.filter((other) => other === window).length;
    return ["sliding window", `${window} tokens in ${layers} of ${windows.length} layers`];
  });
}

/** As `octavo-scheduler --sliding-window` takes them. */
function groupRows(slidingWindows: MemoryNeed["slidingWindows"]): Row[] {
  if (slidingWindows.every((window) => window === null)) return [];
  return [["tokens seen, by group of layers", slidingWindows.map((window) => window ?? "all").join(",")]];
}

/** Empty for what a model does not have. */
function shownValue(value: unknown): string {
  if (value === null || value === undefined || value === false) return "";
  if (value === true) return "yes";
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  if (typeof value !== "object") return String(value);
  const parts = Array.isArray(value)
    ? value.map(shownValue)
    : Object.entries(value).map(([name, inner]) =>
        shownValue(inner) === "" ? "" : `${words(name)} ${shownValue(inner)}`,
      );
  const text = parts.filter((part) => part !== "").join(", ");
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

/** tieWordEmbeddings: "tie word embeddings" */
function words(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => ` ${letters.toLowerCase()}`).trim();
}

const MAX_SHOWN = 60;

function deviceRows({ device, description, availableBytes, weights, problem }: DeviceForModel): Row[] {
  if (description === null) return [[device, "not here"]];
  const runs = problem !== null ? "no" : weights === null ? "not known without weights" : "yes";
  const rows: Row[] = [
    [device, runs],
    ["  backend", description],
  ];
  rows.push(["  free memory", formatBytes(availableBytes ?? 0)]);
  if (weights === null) return rows;
  const { dtype, weightBytes, packedBytes, decodedFormats } = weights;
  rows.push(["  weights", `${formatBytes(weightBytes)}, computed in ${dtype}`]);
  if (packedBytes > 0) rows.push(["  of these in blocks, as they are", formatBytes(packedBytes)]);
  if (decodedFormats.length > 0) rows.push([`  decoded to ${dtype}`, decodedFormats.join(", ")]);
  return rows;
}

function problemOf({ device, description, problem }: DeviceForModel): string[] {
  return description === null || problem === null ? [] : [`On ${device}: ${problem}.`];
}

/** A CUDA context, kernels and workspace, roughly. */
const GPU_OVERHEAD = 2 ** 30;
/** `--gpu-memory-utilization`'s default. */
const GPU_SHARE = 0.9;

function adviceFor({ path, config }: ModelDescription, memory: MemoryNeed, devices: readonly DeviceForModel[]): string {
  if (config !== null && memory.maxModelLen > config.maxPositions) return "No device runs it with such a context.";
  const largest = Math.max(memory.weightBytes, ...devices.map(({ weights }) => weights?.weightBytes ?? 0));
  const gpu = (largest + memory.kvBytesAtMaxModelLen + GPU_OVERHEAD) / GPU_SHARE;
  const others = `a GPU with ${formatBytes(gpu)} holds it with one request of ${memory.maxModelLen} tokens`;
  const runs = devices.some(({ problem }) => problem === null);
  return runs ? `It runs here: octavo serve ${path}. Or ${others}.` : `It does not run here; ${others}.`;
}

function bytesByDType(tensors: readonly TensorSummary[]): Row[] {
  const sums = new Map<string, number>();
  for (const { dtype, byteLength } of tensors) sums.set(dtype, (sums.get(dtype) ?? 0) + byteLength);
  return [...sums].map(([dtype, bytes]): Row => [`  ${dtype}`, formatBytes(bytes)]);
}

type ModelConfig = NonNullable<ModelDescription["config"]>;

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
