// The bench's results for people (a table) and for programs (JSON).
import type { BenchCase } from "./bench-case.js";
import type { Probes } from "./probes.js";
import type { Measured } from "./timing.js";

/** Where and with what was measured. */
export interface BenchHost {
  readonly gpu: string;
  /** The NVIDIA driver's version, such as "580.82.07"; null where the system does not tell. */
  readonly driver: string | null;
  /** The CUDA version that the driver serves, such as "13.0". */
  readonly cuda: string;
  /** What multiplies matrices. */
  readonly gemm: string;
  /** Of this package. */
  readonly version: string;
  /** ISO 8601. */
  readonly date: string;
}

/** One case's figures; with `skipped` those of the measurement are absent. */
export interface BenchRow extends Partial<Measured> {
  readonly op: string;
  readonly model: string;
  readonly case: string;
  readonly dtype: string;
  readonly bytes: number;
  readonly flops: number;
  readonly gigabytesPerSecond?: number;
  readonly teraflopsPerSecond?: number;
  /** Of the read probe's GB/s, 0 to 1. */
  readonly readShare?: number;
  /** Of the matmul's TFLOP/s, 0 to 1. */
  readonly matmulShare?: number;
  /** The tensors of all buffer sets fit the L2 cache: launches are what is measured, and GB/s are not those of memory. */
  readonly cached?: boolean;
  /** Why there are no figures. */
  readonly skipped?: string;
}

export interface BenchReport extends BenchHost {
  readonly probes: Probes;
  readonly rows: readonly BenchRow[];
  readonly seconds: number;
}

export function benchRow(
  { op, model, name, dtype, bytes, flops }: BenchCase,
  result: (Measured & { cached: boolean }) | { skipped: string },
  probes: Probes,
): BenchRow {
  const row = { op, model, case: name, dtype, bytes, flops };
  if ("skipped" in result) return { ...row, ...result };
  const { microseconds } = result;
  const gigabytesPerSecond = bytes / microseconds / 1e3;
  const readShare = gigabytesPerSecond / probes.readGigabytesPerSecond;
  const memory = { ...row, ...result, gigabytesPerSecond, readShare };
  if (flops === 0) return memory;
  const teraflopsPerSecond = flops / microseconds / 1e6;
  const matmul = probes.matmulTeraflopsPerSecond;
  return { ...memory, teraflopsPerSecond, ...(matmul !== null && { matmulShare: teraflopsPerSecond / matmul }) };
}

export function headerText({ gpu, driver, cuda, gemm, version, date }: BenchHost): string {
  return `${gpu}, driver ${driver ?? "unknown"} (CUDA ${cuda}), GEMM ${gemm}; @octavo/kernels-cuda ${version}, ${date}`;
}

export function probesText({ readGigabytesPerSecond, readBytes, matmulTeraflopsPerSecond }: Probes): string {
  const matmul = matmulTeraflopsPerSecond === null ? "does not fit" : `${matmulTeraflopsPerSecond.toFixed(1)} TFLOP/s`;
  return `read probe (${readBytes / 2 ** 30} GiB): ${readGigabytesPerSecond.toFixed(0)} GB/s; matmul 8192^3: ${matmul}`;
}

const COLUMNS: readonly (readonly [title: string, width: number])[] = [
  ["us", 10],
  ["GB/s", 9],
  ["of read", 9],
  ["TFLOP/s", 9],
  ["of matmul", 11],
];

const NAME_WIDTH = 62;

export function tableHeader(): string {
  return "op, shapes, case".padEnd(NAME_WIDTH) + COLUMNS.map(([title, width]) => title.padStart(width)).join("");
}

export function rowText(row: BenchRow): string {
  const name = `${row.op} ${row.model} ${row.case}`.padEnd(NAME_WIDTH);
  if (row.skipped !== undefined) return `${name}  skipped: ${row.skipped}`;
  const cells = [
    row.microseconds?.toFixed(2),
    significant(row.gigabytesPerSecond),
    percent(row.readShare),
    significant(row.teraflopsPerSecond),
    percent(row.matmulShare),
  ];
  const text = cells.map((cell, i) => (cell ?? "").padStart(COLUMNS[i]![1])).join("");
  return `${name}${text}${row.cached ? "  L2" : ""}`;
}

export const FOOTNOTE =
  "us: one call, median, GPU time with the gaps between kernels. GB/s and TFLOP/s: what the case needs at least over that time.\n" +
  "L2: too small to leave the cache; launches are what is measured.";

function significant(value: number | undefined): string | undefined {
  return value?.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

function percent(share: number | undefined): string | undefined {
  return share === undefined ? undefined : `${(100 * share).toFixed(1)} %`;
}
