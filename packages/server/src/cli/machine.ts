// Facts about this machine for people: what Node.js tells, and what Linux adds.
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";

/** Vector instructions that the kernels have, or may have, files for. */
const INSTRUCTION_SETS = [
  "avx2",
  "fma",
  "f16c",
  "avx512f",
  "avx512_vnni",
  "avx512_bf16",
  "avx_vnni",
  "amx_tile",
  "amx_bf16",
];
const ARM_INSTRUCTION_SETS = ["asimd", "asimddp", "i8mm", "bf16", "sve"];

export interface Machine {
  readonly cpu: string;
  /** Threads that this process may use. */
  readonly threads: number;
  /** Empty where the system does not tell. */
  readonly instructionSets: readonly string[];
  readonly totalBytes: number;
  /** Bytes that can still be taken, caches of files included. */
  readonly availableBytes: number;
  readonly glibc: string | null;
}

export function describeMachine(): Machine {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(read("/proc/cpuinfo"))?.[1]?.split(" "));
  const kilobytes = /^MemAvailable:\s+(\d+)/m.exec(read("/proc/meminfo"))?.[1];
  return {
    cpu: cpus()[0]?.model.trim() || process.arch,
    threads: availableParallelism(),
    instructionSets: [...INSTRUCTION_SETS, ...ARM_INSTRUCTION_SETS].filter((name) => flags.has(name)),
    totalBytes: totalmem(),
    availableBytes: kilobytes === undefined ? freemem() : Number(kilobytes) * 1024,
    glibc: report?.header?.glibcVersionRuntime ?? null,
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
