import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { ISAS } from "../test/tensors.js";
import { createBackend } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "octavo-backend-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const addon = fileURLToPath(new URL("../build/Release/octavo_cpu.node", import.meta.url));

describe("options", () => {
  test("info tells the instruction set and threads", () => {
    for (const isa of ISAS) {
      using backend = createBackend({ isa, numThreads: 3 });
      expect(backend.info).toMatchObject({ name: "cpu", description: `${isa}, 3 threads`, depth: 1 });
      expect(backend.info.availableBytes).toBeGreaterThan(0);
    }
    vi.stubEnv("OCTAVO_CPU_ISA", "generic");
    vi.stubEnv("OCTAVO_NUM_THREADS", "1");
    using backend = createBackend();
    expect(backend.info.description).toBe("generic, 1 thread");
  });

  test("wrong ones are INVALID_ARGUMENT", () => {
    expect(() => createBackend({ isa: "mmx" })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining('"mmx"') }),
    );
    for (const numThreads of [0, 1.5, 5000]) {
      expect(() => createBackend({ numThreads })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
    vi.stubEnv("OCTAVO_NUM_THREADS", "many");
    expect(() => createBackend()).toThrow(expect.objectContaining({ param: "OCTAVO_NUM_THREADS" }));
  });
});

describe("loading", () => {
  const failure = () => {
    try {
      createBackend().dispose();
    } catch (error) {
      return error as Error & { code: string };
    }
    throw new Error("it loaded");
  };

  test("an addon may be named from the folder that the process runs in", () => {
    vi.stubEnv("OCTAVO_CPU_BINARY", relative(process.cwd(), addon));
    createBackend().dispose();
  });

  test("a missing or damaged addon is BACKEND_LOAD that says where, why and what to do", () => {
    vi.stubEnv("OCTAVO_CPU_BINARY", join(folder, "absent.node"));
    expect(failure()).toMatchObject({
      code: "BACKEND_LOAD",
      message: expect.stringMatching(/absent\.node: there is no such file\n.*Node \d+.*\n.*unset it/),
    });
    const damaged = join(folder, "damaged.node");
    writeFileSync(damaged, "not an addon");
    vi.stubEnv("OCTAVO_CPU_BINARY", damaged);
    expect(failure().message).toMatch(/damaged\.node: .*(too short|invalid ELF)/);
  });

  test("OCTAVO_CPU_BINARY names another build", () => {
    const copy = join(folder, "copy.node");
    copyFileSync(addon, copy);
    vi.stubEnv("OCTAVO_CPU_BINARY", copy);
    using backend = createBackend();
    expect(backend.info.name).toBe("cpu");
  });
});

/** Runs in a worker: a backend whose threads are busy without end, or for a few thousand ops. */
const WORKER = `
const { parentPort, workerData } = require("node:worker_threads");
const native = require(workerData.addon);
native.setErrorFactory((code, message) => new Error(code + ": " + message));
const backend = native.createBackend(3, 1, "");
const [x, w, out] = [64, 512 * 64, 512].map((n) => native.allocate(backend, 4 * n, 2 ** 30));
new Float32Array(x.buffer).fill(1);
new Float32Array(w.buffer).fill(workerData.value);
const linear = native.createLinear(backend, 64, 0, 0, 1);
native.setLinearPart(backend, linear, 0, w.address, 512, -1);
parentPort.postMessage("started");
for (let i = 0; i < workerData.repeats; i++) native.linear(backend, linear, out.address, 512, 0, x.address, 64, 0, 1);
const results = new Set(new Float32Array(out.buffer));
if (workerData.dispose) native.disposeBackend(backend);
parentPort.postMessage([...results]);
`;

describe("worker threads", () => {
  const start = (workerData: object) => new Worker(WORKER, { eval: true, workerData: { addon, ...workerData } });
  const result = (worker: Worker) =>
    new Promise((resolve, reject) => {
      worker.on("message", (message) => message !== "started" && resolve(message));
      worker.on("error", reject);
    });

  test("eight at once, half of them never disposing", async () => {
    const workers = Array.from({ length: 8 }, (_, i) => start({ value: i + 1, repeats: 500, dispose: i % 2 === 0 }));
    expect(await Promise.all(workers.map(result))).toEqual(workers.map((_, i) => [64 * (i + 1)]));
    await Promise.all(workers.map((worker) => worker.terminate()));
  });

  test("terminated while working", async () => {
    for (let round = 0; round < 5; round++) {
      const worker = start({ value: 1, repeats: Number.MAX_SAFE_INTEGER });
      await new Promise((resolve) => worker.once("message", resolve));
      await worker.terminate();
    }
  });

  test("a process may end with backends alive, loaded in a worker only", () => {
    const script = `
      const { Worker } = require("node:worker_threads");
      const worker = new Worker(${JSON.stringify(WORKER)}, { eval: true, workerData: ${JSON.stringify({ addon, value: 1, repeats: 100 })} });
      worker.on("exit", () => setTimeout(() => console.log("done"), 20));
    `;
    expect(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" })).toBe("done\n");
  });
});
