// The instruction sets of this machine that the CPU backend has kernels for, asked of the system and not of the backend, so
// that a backend which does not find its kernels fails.
import { existsSync, readFileSync } from "node:fs";

const CPU_INFO = "/proc/cpuinfo";
const flags = existsSync(CPU_INFO)
  ? (/^flags\s*:(.*)$/m.exec(readFileSync(CPU_INFO, "utf8"))?.[1] ?? "").split(" ")
  : [];

export const instructionSets = [
  "generic",
  ...(["avx2", "fma", "f16c"].every((flag) => flags.includes(flag)) ? ["avx2"] : []),
  ...(["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"].every((flag) => flags.includes(flag))
    ? ["avx512"]
    : []),
];
