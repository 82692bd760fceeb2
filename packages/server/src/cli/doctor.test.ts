import type { BackendReport } from "@octavo/engine";
import { expect, test } from "vitest";
import { diagnose, type Facts, formatChecks } from "./doctor.js";
import { hubFacts } from "./hub-facts.js";

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
  hub: {
    cacheDir: "/cache",
    freeBytes: 2 ** 33,
    models: 1,
    modelBytes: 2 ** 20,
    endpoint: "https://hub",
    hasToken: false,
    offline: false,
  },
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

test("where models come from", () => {
  expect(formatChecks(diagnose(facts))).toMatch(
    /^ok cache +\/cache: 1 model, 1\.0 MiB, 8\.00 GiB free\nok hub +https:\/\/hub, without a token: gated .*HF_TOKEN$/m,
  );
  const { hub } = facts;
  const offline = formatChecks(diagnose({ ...facts, hub: { ...hub, offline: true, freeBytes: 2 ** 29 } }));
  expect(offline).toMatch(/^-- cache .*512\.0 MiB free\n +fix: remove models with octavo rm/m);
  expect(offline).toMatch(/^-- hub +not asked: HF_HUB_OFFLINE is set .*\n +fix: unset HF_HUB_OFFLINE/m);
  expect(offline).toMatch(/Models can run here\.\n$/);
});

test("facts of the environment, and of a cache that is not there yet", () => {
  const found = hubFacts({
    HF_HUB_CACHE: "/nonexistent/cache",
    HF_ENDPOINT: "https://mirror",
    HF_TOKEN: "t",
    HF_HUB_OFFLINE: "1",
  });
  expect(found).toEqual({
    ...{
      cacheDir: "/nonexistent/cache",
      models: 0,
      modelBytes: 0,
      endpoint: "https://mirror",
      hasToken: true,
      offline: true,
    },
    freeBytes: expect.any(Number),
  });
});
