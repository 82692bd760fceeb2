// What a GPU's memory is used for beside what backends give out, and by whom.
import type { DedicatedMemory } from "@octavo/core";
import type { NativeAddon } from "./native.js";

const MIB = 2 ** 20;
/** More than a context on an H200 takes, see docs/performance.md. */
const USUAL_CONTEXT_BYTES = 768 * MIB;
/** What kernels and library code that load later may add to a context, graphs included. */
const GROWTH_BYTES = 128 * MIB;

/**
 * A GPU's size and what CUDA itself keeps of it for this process: counted by the driver where it shows this process, else the usual.
 * Neither depends on what others hold.
 */
export function dedicatedMemory(native: NativeAddon, backend: number): DedicatedMemory {
  const { total, taken } = native.memoryOf(backend);
  const own = native.gpuProcesses(backend).find(({ id }) => id === process.pid);
  const counted = (own?.bytes ?? 0) - taken;
  return { totalBytes: total, contextBytes: counted > 0 ? counted + GROWTH_BYTES : USUAL_CONTEXT_BYTES };
}

/** Who holds a GPU's memory, for an error message. */
export function describeGpuMemory(native: NativeAddon, backend: number): string {
  const { total, free, taken } = native.memoryOf(backend);
  const processes = native.gpuProcesses(backend);
  const own = processes.find(({ id }) => id === process.pid)?.bytes ?? taken;
  const others = processes.filter(({ id }) => id !== process.pid);
  const hidden = total - free - own - others.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `this process holds ${mib(own)}`,
    ...others.map(
      ({ id, name, bytes }) => `process ${id} (${name || "unknown"}) ${bytes > 0 ? mib(bytes) : "an unknown part"}`,
    ),
    ...(hidden > total / 100 ? [`processes that the driver does not show from here ${mib(hidden)}`] : []),
    `${mib(free)} are free`,
  ].join(", ");
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
