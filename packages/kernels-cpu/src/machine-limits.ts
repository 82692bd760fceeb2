// What this process may use: CPUs and memory, limited by cgroups (v1 and v2) as containers and service managers set them.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/**
 * CPUs that this process may keep busy: its affinity mask, limited by the CPU quota. May be a fraction.
 * @param root where /proc and /sys are found
 */
export function cpuLimit(root = "/", parallelism = availableParallelism()): number {
  let limit = parallelism;
  for (const folder of cgroupFolders(root, "cpu")) {
    const [quota, period] = folder.version === 2 ? (words(folder.path, "cpu.max") ?? []) : cpuQuotaV1(folder.path);
    const share = Number(quota) / Number(period);
    if (Number.isFinite(share) && share > 0) limit = Math.min(limit, share);
  }
  return limit;
}

/** Bytes that this process can still take: the machine's available memory, limited by each enclosing cgroup. */
export function availableMemory(root = "/"): number {
  const memory = read(join(root, "proc/meminfo"));
  const kilobytes = /^MemAvailable:\s+(\d+)/m.exec(memory ?? "")?.[1];
  let available = kilobytes === undefined ? Number.POSITIVE_INFINITY : Number(kilobytes) * 1024;
  for (const { path, version } of cgroupFolders(root, "memory")) {
    const limit = number(path, version === 2 ? "memory.max" : "memory.limit_in_bytes");
    const used = number(path, version === 2 ? "memory.current" : "memory.usage_in_bytes");
    if (limit === undefined || used === undefined) continue;
    available = Math.min(available, Math.max(0, limit - used + fileCache(path)));
  }
  return available;
}

interface CgroupFolder {
  readonly path: string;
  readonly version: 1 | 2;
}

/** The folders that govern this process, from its own cgroup up to the root: any of them may hold the limit. */
function cgroupFolders(root: string, controller: string): CgroupFolder[] {
  const folders: CgroupFolder[] = [];
  for (const line of (read(join(root, "proc/self/cgroup")) ?? "").split("\n")) {
    const [hierarchy, controllers, path] = line.split(":");
    if (path === undefined) continue;
    const version = hierarchy === "0" ? 2 : 1;
    if (version === 1 && !controllers!.split(",").includes(controller)) continue;
    const mount = join(root, "sys/fs/cgroup", version === 1 ? controller : "");
    for (let folder = path; ; folder = join(folder, "..")) {
      folders.push({ path: join(mount, folder), version });
      if (folder === "/" || folder === ".") break;
    }
  }
  return folders;
}

function cpuQuotaV1(folder: string): (string | undefined)[] {
  return [words(folder, "cpu.cfs_quota_us")?.[0], words(folder, "cpu.cfs_period_us")?.[0]];
}

/** Pages of files that the kernel drops before it runs out of memory. They count as used, but do not stand in the way. */
function fileCache(folder: string): number {
  const statistics = read(join(folder, "memory.stat")) ?? "";
  let bytes = 0;
  for (const name of ["active_file", "inactive_file"]) {
    const total = new RegExp(`^(?:total_)?${name} (\\d+)`, "m").exec(statistics)?.[1];
    bytes += Number(total ?? 0);
  }
  return bytes;
}

function number(folder: string, file: string): number | undefined {
  const value = Number(words(folder, file)?.[0]);
  return Number.isFinite(value) ? value : undefined;
}

function words(folder: string, file: string): string[] | undefined {
  return read(join(folder, file))?.trim().split(/\s+/);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
