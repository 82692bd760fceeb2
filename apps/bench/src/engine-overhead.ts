// Octavo's own time per step: Pocket's shapes on the null backend, so that only planning, op calls and bookkeeping are left.
// CPU time is that of the whole process, its garbage collection and compiler threads included, over stretches of steps: on a machine
// that does other work, too, the least of them is what a step costs.
import { cpuSeconds } from "./cpu-time.js";
import { describeMachine } from "./machine.js";
import { NullLoad } from "./null-load.js";

const WARMUP_STEPS = 2_000;
const MEASURED_STEPS = 10_000;
/** Steps whose CPU time is taken together: reading that clock takes a microsecond. */
const STRETCH = 200;
/** CPU time that scheduler and bookkeeping of 256 requests may take. */
const MOST_MICROSECONDS = 60;

interface Row {
  readonly requests: number;
  readonly depth: number;
  /** Microseconds. */
  readonly cpuLeast: number;
  readonly cpuMedian: number;
  readonly wallMedian: number;
  readonly wallP99: number;
}

async function measure(requests: number, asyncScheduling: boolean): Promise<Row> {
  using load = await NullLoad.start({ requests, asyncScheduling });
  for (let step = 0; step < WARMUP_STEPS; step++) load.step();
  const wall = new Float64Array(MEASURED_STEPS);
  const cpu = new Float64Array(MEASURED_STEPS / STRETCH);
  for (let stretch = 0; stretch < cpu.length; stretch++) {
    load.prepare(STRETCH);
    const before = process.cpuUsage();
    for (let i = 0; i < STRETCH; i++) {
      const start = performance.now();
      load.step();
      wall[stretch * STRETCH + i] = 1000 * (performance.now() - start);
    }
    cpu[stretch] = (1e6 * cpuSeconds(before)) / STRETCH;
  }
  wall.sort();
  cpu.sort();
  const at = (values: Float64Array, share: number) => values[Math.floor(share * (values.length - 1))]!;
  return {
    requests,
    depth: asyncScheduling ? 2 : 1,
    cpuLeast: cpu[0]!,
    cpuMedian: at(cpu, 0.5),
    wallMedian: at(wall, 0.5),
    wallP99: at(wall, 0.99),
  };
}

const rows: Row[] = [];
for (const requests of [1, 64, 256]) for (const overlap of [false, true]) rows.push(await measure(requests, overlap));

console.log(`Engine overhead per decode step, null backend, ${describeMachine()}\n`);
console.log("| requests | steps in flight | CPU us, least | CPU us, median | wall us, median | wall us, p99 |");
console.log("|---|---|---|---|---|---|");
for (const { requests, depth, ...times } of rows) {
  const { cpuLeast, cpuMedian, wallMedian, wallP99 } = times;
  const cells = [cpuLeast, cpuMedian, wallMedian, wallP99].map((value) => value.toFixed(1)).join(" | ");
  console.log(`| ${requests} | ${depth} | ${cells} |`);
}
// The model's op calls are the same for one request as for 256, and nearly all that a step of one is.
const [opCalls, whole] = [1, 256].map((count) => {
  return Math.max(...rows.filter(({ requests }) => requests === count).map(({ cpuLeast }) => cpuLeast));
}) as [number, number];
const scheduling = whole - opCalls;
const holds = scheduling <= MOST_MICROSECONDS ? "holds" : "does not hold";
console.log(
  `\nScheduler and bookkeeping of 256 requests, beyond the ${opCalls.toFixed(1)} us of a step of one: ${scheduling.toFixed(1)} us; ` +
    `at most ${MOST_MICROSECONDS} us: ${holds}`,
);
if (process.argv.includes("--json")) console.log(JSON.stringify(rows));
