// What must hold without a GPU: clear errors, and an addon that loads. Kernels are tested by `npm run test:gpu`.
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createBackend, findGpus, isBuilt } from "./index.js";

afterEach(() => vi.unstubAllEnvs());

test("a missing addon is BACKEND_LOAD that says where it was looked for and how to build it", () => {
  vi.stubEnv("OCTAVO_CUDA_BINARY", join("/", "absent", "octavo_cuda.node"));
  expect(isBuilt()).toBe(false);
  const expected = {
    code: "BACKEND_LOAD",
    message: expect.stringMatching(/absent\/octavo_cuda\.node: there is no such file\n.*Node \d+.*\n.*unset it/),
  };
  expect(() => createBackend()).toThrow(expect.objectContaining(expected));
  expect(() => findGpus()).toThrow(expect.objectContaining({ code: "BACKEND_LOAD" }));
});

test.each([-1, 0.5, Number.NaN])("a GPU of number %d is INVALID_ARGUMENT", (deviceIndex) => {
  const expected = { code: "INVALID_ARGUMENT", param: "deviceIndex" };
  expect(() => createBackend({ deviceIndex })).toThrow(expect.objectContaining(expected));
});

const built = isBuilt();
if (!built) console.warn("the CUDA addon is not built: its loading is not tested (npm run build:cuda)");

describe.skipIf(!built)("the addon", () => {
  test("loads without a driver and says what is missing", () => {
    const { runtime, architectures, gpus, problem } = findGpus();
    expect(runtime).toBeGreaterThanOrEqual(13000);
    expect(architectures).toMatch(/\d/);
    expect(gpus.length > 0).toBe(problem === "");
    if (gpus.length > 0) return;
    const expected = { code: "BACKEND_LOAD", message: expect.stringContaining(problem) };
    expect(() => createBackend()).toThrow(expect.objectContaining(expected));
  });
});
