// What a replay takes for time.

/** Seconds since the clock was started. */
export interface Clock {
  now(): number;
  waitUntil(seconds: number): void;
}

const alarm = new Int32Array(new SharedArrayBuffer(4));

export function wallClock(): Clock {
  const start = performance.now();
  const now = () => (performance.now() - start) / 1000;
  return {
    now,
    waitUntil(seconds) {
      const wait = seconds - now();
      if (wait > 0) Atomics.wait(alarm, 0, 0, 1000 * wait);
    },
  };
}

/** Milliseconds that this process has computed: what others do on the machine does not count. For engines with one thread. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Time stands still while the process does not run; waiting takes none. */
export function cpuClock(): Clock {
  let start = cpuMilliseconds();
  const now = () => (cpuMilliseconds() - start) / 1000;
  return {
    now,
    waitUntil(seconds) {
      start -= Math.max(0, 1000 * (seconds - now()));
    },
  };
}
