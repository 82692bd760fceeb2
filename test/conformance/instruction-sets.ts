// The instruction sets of this machine that the CPU backend has kernels for, asked of the system and not of the backend, so
// that a backend which does not find its kernels fails.
import { existsSync, readFileSync } from "node:fs";

const CPU_INFO = "/proc/cpuinfo";
const flags = existsSync(CPU_INFO)
  ? (/^flags\s*:(.*)$/m.exec(readFileSync(CPU_INFO, "utf8"))?.[1] ?? "").split(" ")
  : [];

const AVX2 = ["avx2", "fma", "f16c"];
const AVX512 = [...AVX2, "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"];
const AVX512_BF16 = [...AVX512, "avx512_bf16"];

/** The flags that each needs. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  generic: [],
  avx2: AVX2,
  avx512: AVX512,
  avx512bf16: AVX512_BF16,
  amx: [...AVX512_BF16, "amx_tile", "amx_bf16"],
};

export const instructionSets = Object.keys(NEEDS).filter((name) => NEEDS[name]!.every((flag) => flags.includes(flag)));

/** Sets that have these kernels of their own, and all others from avx512. */
const OWN_OPS: Readonly<Record<string, readonly string[]>> = {
  avx512bf16: ["linear", "expertLinear", "headLinear"],
  amx: ["linear", "expertLinear", "headLinear"],
};

/** Of `ops`, those whose kernels no other set has. */
export function opsOf(isa: string, ops: readonly string[]): string[] {
  return ops.filter((op) => OWN_OPS[isa]?.includes(op) ?? true);
}
