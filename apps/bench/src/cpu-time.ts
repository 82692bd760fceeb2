// Processor time of this process, all of its threads: says more than a clock where others use the machine.

/** Seconds since `before`, which `process.cpuUsage()` gave. */
export function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
