// `octavo inspect`: a model's config, tensors and memory, from its headers.
import { basename } from "node:path";
import type { DeviceForModel, Inspection, ModelDescription, ServingNeed, TensorSummary } from "@octavo/engine";
import { formatTable, type Row } from "../bench/table.js";
import { formatBytes, formatCount } from "./sizes.js";

/** Of a model of a hub: bytes of its files, and of those that the cache lacks. */
export interface Download {
  readonly bytes: number;
  readonly bytesToDownload: number;
}

/** @param download absent for a path of this machine */
export function formatModel({ description, serving, devices }: Inspection, download?: Download): string {
  const { path, config, tensors, weightBytes, problems } = description;
  const rows: (Row | string)[] = config === null ? [] : configRows(config);
  if (serving?.pooling) rows.push(["embeddings", poolingWords(serving.pooling)]);
  rows.push(...fileRows(description));
  if (download) rows.push(["download", downloadWords(download)]);
  if (serving !== null) {
    const weights = tensors.length > 0 ? formatBytes(weightBytes) : "none in this folder";
    rows.push("memory", ["weights in the files", weights], ...kvRows(serving));
  }
  if (config !== null && devices.length > 0) rows.push("what would run it", ...devices.flatMap(deviceRows));
  const advice =
    problems.length > 0
      ? problems.map((problem) => `Problem: ${problem}`)
      : [...devices.flatMap(problemOf), adviceFor(description, serving!, devices)];
  return `${formatTable(basename(path) || path, rows)}\n${advice.join("\n")}\n`;
}

function fileRows({ formats, tensors }: ModelDescription): Row[] {
  if (tensors.length === 0) return [];
  const elements = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const files = new Set(tensors.map((tensor) => tensor.path)).size;
  return [
    ["parameters", `${formatCount(elements)} in ${tensors.length} tensors`],
    ["files", `${files} (${formats.join(", also ")})`],
    ...bytesByDType(tensors),
  ];
}

function downloadWords({ bytes, bytesToDownload }: Download): string {
  if (bytesToDownload === 0) return `${formatBytes(bytes)}, all in the cache`;
  const cached = bytesToDownload < bytes ? ` of ${formatBytes(bytes)}, the rest is in the cache` : "";
  return formatBytes(bytesToDownload) + cached;
}

function poolingWords({ type, normalize, maxSeqLength }: NonNullable<ServingNeed["pooling"]>): string {
  const length = maxSeqLength === undefined ? "" : `, made for texts up to ${maxSeqLength} tokens`;
  return `${type}${normalize ? ", of length 1" : ""}${length}`;
}

/** An encoder keeps none. */
function kvRows(serving: ServingNeed): Row[] {
  const { pooling, maxModelLen, kvBytesPerToken, kvBytesAtMaxModelLen, slidingWindows } = serving;
  const longest: Row = ["longest text, max_model_len", `${maxModelLen} tokens`];
  if (kvBytesPerToken === 0) return [longest];
  const token: Row = ["keys and values, a token", formatBytes(kvBytesPerToken)];
  const bytes = formatBytes(kvBytesAtMaxModelLen);
  if (pooling) return [longest, token, ["keys and values, a step", bytes]];
  return [token, [`keys and values, max_model_len ${maxModelLen}`, bytes], ...groupRows(slidingWindows)];
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
function groupRows(slidingWindows: ServingNeed["slidingWindows"]): Row[] {
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

function adviceFor(
  { path, weightBytes }: ModelDescription,
  { pooling, maxModelLen, kvBytesAtMaxModelLen }: ServingNeed,
  devices: readonly DeviceForModel[],
): string {
  const largest = Math.max(weightBytes, ...devices.map(({ weights }) => weights?.weightBytes ?? 0));
  const gpu = (largest + kvBytesAtMaxModelLen + GPU_OVERHEAD) / GPU_SHARE;
  const request = pooling ? "" : ` with one request of ${maxModelLen} tokens`;
  const others = `a GPU with ${formatBytes(gpu)} holds it${request}`;
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
