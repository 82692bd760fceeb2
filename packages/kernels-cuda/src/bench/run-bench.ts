// `octavo-kernels-cuda bench`: measures every op on one GPU beside a read probe and a matmul of the same run.
import { readFileSync } from "node:fs";
import { type FloatDType, OctavoError } from "@octavo/core";
import { CudaBackend } from "../cuda-backend.js";
import { loadNative } from "../load-native.js";
import { packageVersion } from "../version.js";
import type { BenchCase } from "./bench-case.js";
import { BenchMemory } from "./bench-memory.js";
import { measureProbes } from "./probes.js";
import {
  type BenchHost,
  type BenchReport,
  type BenchRow,
  benchRow,
  FOOTNOTE,
  headerText,
  probesText,
  rowText,
  tableHeader,
} from "./report.js";
import { benchCases } from "./table.js";
import { type Effort, FULL, type Measured, measure, QUICK } from "./timing.js";

export interface BenchOptions {
  /** Only cases of this op. */
  readonly op?: string;
  /** Fewer cases and rounds. */
  readonly quick?: boolean;
  /** Which GPU. Default 0. */
  readonly deviceIndex?: number;
  /** Default bfloat16. */
  readonly dtype?: FloatDType;
  /** Receives the table, line by line. Default: nothing is printed. */
  readonly print?: (line: string) => void;
}

/** Small tensors would need thousands of sets, and are bound by launches anyway. */
const MOST_SETS = 512;

/** @throws BACKEND_LOAD, INVALID_ARGUMENT for an op without cases */
export function runBench({ op, quick = false, deviceIndex = 0, dtype = "bfloat16", print }: BenchOptions): BenchReport {
  const cases = benchCases(dtype).filter((one) => (!op || one.op === op) && (!quick || one.quick));
  if (cases.length === 0) {
    const names = [...new Set(benchCases(dtype).map((one) => one.op))].join(", ");
    throw new OctavoError({
      code: "INVALID_ARGUMENT",
      message: `there is no op ${op}; there are ${names}`,
      param: "op",
    });
  }
  const started = performance.now();
  using backend = new CudaBackend({ deviceIndex });
  using memory = new BenchMemory(backend);
  const host = describeHost(backend, deviceIndex);
  print?.(headerText(host));
  const effort = quick ? QUICK : FULL;
  const probes = measureProbes(memory, dtype, effort);
  print?.(probesText(probes));
  print?.(tableHeader());
  const cacheBytes = 2 * loadNative().findGpus().gpus[deviceIndex]!.l2Bytes;
  const rows: BenchRow[] = [];
  for (const one of cases) {
    const row = benchRow(one, measureCase(one, memory, cacheBytes, effort), probes);
    rows.push(row);
    print?.(rowText(row));
  }
  const seconds = (performance.now() - started) / 1000;
  print?.(`${FOOTNOTE}\n${rows.length} cases in ${seconds.toFixed(1)} s`);
  return { ...host, probes, rows, seconds };
}

/** @param cacheBytes what the tensors of all sets must exceed, so that none is found in the cache */
function measureCase(
  one: BenchCase,
  memory: BenchMemory,
  cacheBytes: number,
  effort: Effort,
): (Measured & { cached: boolean }) | { skipped: string } {
  const wanted = Math.floor(cacheBytes / one.bytes) + 1;
  const sets = Math.min(MOST_SETS, wanted);
  try {
    const run = one.prepare(memory, sets);
    return { ...measure(memory.backend.timing, run, sets, effort), cached: sets < wanted };
  } catch (error) {
    if (!OctavoError.isInstance(error)) throw error;
    if (error.code !== "OUT_OF_MEMORY" && error.code !== "UNSUPPORTED") throw error;
    return { skipped: `${error.message.split("\n")[0]!.slice(0, 120)} (${error.code})` };
  } finally {
    memory.clear();
  }
}

function describeHost(backend: CudaBackend, deviceIndex: number): BenchHost {
  const { gpus, driver } = loadNative().findGpus();
  return {
    gpu: gpus[deviceIndex]!.name,
    driver: driverVersion(),
    cuda: `${Math.floor(driver / 1000)}.${(driver % 1000) / 10}`,
    gemm: backend.info.description.replace(/^.*GEMM /, ""),
    version: packageVersion(),
    date: new Date().toISOString(),
  };
}

/** The kernel module tells it in prose: "NVRM version: NVIDIA UNIX ... 580.82.07 ...". */
function driverVersion(): string | null {
  try {
    const text = readFileSync("/proc/driver/nvidia/version", "utf8");
    return /\s(\d{3,}\.\d+(?:\.\d+)?)\s/.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}
