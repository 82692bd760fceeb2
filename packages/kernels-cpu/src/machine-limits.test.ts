import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { availableMemory, cpuLimit } from "./machine-limits.js";

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

function machine(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "octavo-limits-"));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const MEMINFO = "MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n";

test("without cgroups the CPUs and the machine's memory are the limit", () => {
  expect(cpuLimit(machine({}), 4)).toBe(4);
  expect(availableMemory(machine({ "proc/meminfo": MEMINFO }))).toBe(8_192_000_000);
});

test("cgroup v2: the tightest of the enclosing groups counts", () => {
  const root = machine({
    "proc/meminfo": MEMINFO,
    "proc/self/cgroup": "0::/app/inner\n",
    "sys/fs/cgroup/app/cpu.max": "250000 100000\n",
    "sys/fs/cgroup/app/inner/cpu.max": "max 100000\n",
    "sys/fs/cgroup/app/memory.max": "1000000\n",
    "sys/fs/cgroup/app/memory.current": "700000\n",
    "sys/fs/cgroup/app/memory.stat": "anon 400000\ninactive_file 200000\nactive_file 50000\n",
    "sys/fs/cgroup/app/inner/memory.max": "max\n",
    "sys/fs/cgroup/app/inner/memory.current": "700000\n",
  });
  expect(cpuLimit(root, 8)).toBe(2.5);
  expect(cpuLimit(root, 2)).toBe(2);
  expect(availableMemory(root)).toBe(550_000);
});

test("cgroup v1: quota and memory in their own trees; -1 means none", () => {
  const root = machine({
    "proc/meminfo": MEMINFO,
    "proc/self/cgroup": "5:memory:/box\n3:cpu,cpuacct:/box\n0::/\n",
    "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/memory/box/memory.limit_in_bytes": "5000000\n",
    "sys/fs/cgroup/memory/box/memory.usage_in_bytes": "6000000\n",
    "sys/fs/cgroup/memory/box/memory.stat": "total_inactive_file 1500000\n",
  });
  expect(cpuLimit(root, 8)).toBe(0.5);
  expect(availableMemory(root)).toBe(500_000);
});
