// How much of the machine other processes took meanwhile: on a shared machine a round beside a busy neighbour says nothing.
import { cpus } from "node:os";

/** Begins to watch. @returns ends it: the share of all cores' time that went to others than this process, 0 to 1 */
export function watchOthers(): () => number {
  const before = machineTimes();
  const ownBefore = process.cpuUsage();
  return () => {
    const { busy, total } = machineTimes();
    const own = process.cpuUsage(ownBefore);
    const others = busy - before.busy - (own.user + own.system) / 1000;
    return Math.max(0, others / (total - before.total));
  };
}

/** Milliseconds of all cores together. */
function machineTimes(): { readonly busy: number; readonly total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { busy, total };
}

const GLANCE_MILLISECONDS = 1000;

/** Waits until other processes take at most the share `most` for a second. @returns false when `milliseconds` passed before that */
export async function untilQuiet(most: number, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  if (most >= 1) return true;
  for (;;) {
    const others = watchOthers();
    await new Promise((wake) => setTimeout(wake, GLANCE_MILLISECONDS));
    if (others() <= most) return true;
    if (performance.now() > end) return false;
  }
}
