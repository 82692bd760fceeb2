import type { BackendReport } from "@octavo/engine";
import { expect, test } from "vitest";
import { diagnose, type Facts, formatChecks } from "./doctor.js";

const cpu: BackendReport = {
  device: "cpu",
  package: "@octavo/kernels-cpu",
  version: "1.0.0",
  description: "avx2, 2 threads",
  availableBytes: 2 ** 34,
  problem: null,
};
const cuda: BackendReport = {
  device: "cuda",
  package: "@octavo/kernels-cuda",
  version: null,
  description: null,
  availableBytes: null,
  problem: "@octavo/kernels-cuda is not installed; run: npm install @octavo/kernels-cuda",
};
const facts: Facts = {
  node: "20.19.0",
  platform: "linux-x64",
  machine: {
    cpu: "A CPU",
    threads: 2,
    instructionSets: ["avx2"],
    totalBytes: 2 ** 34,
    availableBytes: 2 ** 33,
    glibc: "2.36",
  },
  backends: [cpu, cuda],
  defaultModel: "/pocket",
  versions: { "@octavo/server": "1.0.0" },
};

const statuses = (changed: Partial<Facts>) =>
  Object.fromEntries(diagnose({ ...facts, ...changed }).map(({ name, status }) => [name, status]));

test("a machine without a GPU is well", () => {
  const text = formatChecks(diagnose(facts));
  expect(text).toMatch(/^ok Node\.js +20\.19\.0$/m);
  expect(text).toMatch(/^-- CUDA kernels {2}not installed\n +fix: npm install @octavo\/kernels-cuda$/m);
  expect(text).toMatch(/\n\nModels can run here\.\n$/);
});

test("what stands in the way is a problem, with its fix", () => {
  expect(statuses({ node: "20.18.3" })["Node.js"]).toBe("problem");
  expect(statuses({ node: "22.0.0" })["Node.js"]).toBe("ok");
  expect(statuses({ machine: { ...facts.machine, availableBytes: 2 ** 28 } }).memory).toBe("problem");
  expect(statuses({ defaultModel: null }).model).toBe("missing");
  const broken = { ...cpu, description: null, problem: "the addon is of another version" };
  expect(statuses({ backends: [broken, cuda] })).toMatchObject({ "CPU kernels": "problem", "CUDA kernels": "missing" });
  expect(formatChecks(diagnose({ ...facts, backends: [broken] }))).toMatch(/another version\n[\s\S]*\n1 problem\.\n$/);
});
