// Whether an engine's memory stays flat, step after step, on the null backend:
//   node apps/bench/dist/step-memory.js [STEPS, 1000000] [REQUESTS, 256]
// Prints what the process holds at ten points, after a full collection of garbage, and what a step costs in between.
import { cpuSeconds } from "./cpu-time.js";
import { heldMemory } from "./held-memory.js";
import { describeMachine } from "./machine.js";
import { NullLoad } from "./null-load.js";

const POINTS = 10;
const MIB = 2 ** 20;

const [steps = 1_000_000, requests = 256] = process.argv.slice(2).map(Number);
using load = await NullLoad.start({ requests, asyncScheduling: true });

console.log(`Memory over ${steps} steps of ${requests} requests, null backend, ${describeMachine()}\n`);
console.log("| steps | requests ended | RSS MiB | heap MiB | buffers MiB | CPU us a step |");
console.log("|---|---|---|---|---|---|");
const held: number[] = [];
for (let point = 1; point <= POINTS; point++) {
  const before = process.cpuUsage();
  const count = Math.round((steps * point) / POINTS) - Math.round((steps * (point - 1)) / POINTS);
  for (let i = 0; i < count; i++) load.step();
  const microseconds = 1e6 * cpuSeconds(before);
  const { rss, heap, buffers } = heldMemory();
  held.push(heap + buffers);
  const mib = [rss, heap, buffers].map((bytes) => (bytes / MIB).toFixed(2)).join(" | ");
  const ended = load.numRequests - requests;
  console.log(`| ${(steps * point) / POINTS} | ${ended} | ${mib} | ${(microseconds / count).toFixed(1)} |`);
}
// The first tenth fills tables and compiles code.
const growth = (held[POINTS - 1]! - held[0]!) / ((steps * (POINTS - 1)) / POINTS);
console.log(`\nheap and buffers: ${growth.toFixed(4)} bytes a step from the first point to the last`);
