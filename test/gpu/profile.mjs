// Timing events and the profile of ops on a GPU: times that must hold whatever the GPU. Plain Node: node test/gpu/profile.mjs
import { hostStorage, tensor } from "@octavo/core";
import { createBackend, profileOps } from "@octavo/kernels-cuda";

const ROWS = 1024;
const HIDDEN = 4096;
const CALLS = 50;
let failures = 0;

function report(name, passed, found) {
  if (!passed) failures++;
  console.log(`${passed ? "PASS" : "FAIL"} ${name}: ${found}`);
}

const backend = createBackend();
const { timing } = backend;
timing.delay(0); // loads its code
const [start, end] = [timing.createEvent(), timing.createEvent()];
for (const wanted of [0, 500, 20_000]) {
  start.record();
  timing.delay(wanted);
  end.record();
  const found = timing.elapsed(start, end);
  report(`a delay of ${wanted} us`, found >= wanted && found < wanted + 500, `${found.toFixed(1)} us`);
}

const profile = profileOps(backend);
const floats = Float32Array.from({ length: ROWS * HIDDEN }, (_, i) => Math.sin(i));
const host = tensor("float32", [ROWS, HIDDEN], hostStorage(new Uint8Array(floats.buffer)));
const x = profile.backend.upload(host, "bfloat16");
const weight = tensor("bfloat16", [HIDDEN], x.storage);
const out = profile.backend.upload(host, "bfloat16");
const small = tensor("bfloat16", [1, HIDDEN], out.storage);
function step() {
  for (let i = 0; i < CALLS; i++) {
    profile.backend.ops.rmsNorm(out, x, weight, 1e-5);
    profile.backend.ops.gatedActivation(tensor("bfloat16", [1, HIDDEN / 2], x.storage), small, "silu");
  }
  profile.backend.copy(out, x, ROWS * HIDDEN * 2);
}
step();
profile.start();
step();
const { totalMicroseconds, ops } = profile.report();
console.table(ops);
const calls = Object.fromEntries(ops.map((op) => [op.op, op.calls]));
report(
  "every call is counted",
  calls.rmsNorm === CALLS && calls.gatedActivation === CALLS && calls.copy === 1,
  JSON.stringify(calls),
);
const [norm, silu] = ["rmsNorm", "gatedActivation"].map(
  (name) => ops.find(({ op }) => op === name).microseconds / CALLS,
);
report(
  "a big op costs more than a small one",
  norm > silu && silu > 0,
  `${norm.toFixed(2)} and ${silu.toFixed(2)} us a call`,
);
// 16 MiB pass through memory or the cache in 2 to 200 us; a gap of the host would add 5 us or more to each small call.
report("the times are the GPU's", norm > 0.5 && norm < 200 && silu < 10, `${totalMicroseconds.toFixed(0)} us in all`);
const sum = ops.reduce((total, op) => total + op.share, 0);
report("shares add up to 1", Math.abs(sum - 1) < 1e-9, sum);
profile.dispose();
backend.dispose();
console.log(failures === 0 ? "PASS" : `FAIL: ${failures} checks`);
process.exitCode = failures > 0 ? 1 : 0;
