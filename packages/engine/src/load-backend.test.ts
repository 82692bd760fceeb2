import { afterEach, expect, test, vi } from "vitest";
import { loadBackend } from "./load-backend.js";

afterEach(() => vi.unstubAllEnvs());

test("auto takes the CPU, in silence, where the CUDA addon is not built", async () => {
  vi.stubEnv("OCTAVO_CUDA_BINARY", "/absent/octavo_cuda.node");
  const written = vi.spyOn(process.stderr, "write");
  using backend = await loadBackend("auto", {});
  expect(backend.info.name).toBe("cpu");
  expect(written).not.toHaveBeenCalled();
});

test("auto says why an addon that is there cannot be used", async () => {
  vi.stubEnv("OCTAVO_CUDA_BINARY", import.meta.filename); // a file, but no addon
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  using backend = await loadBackend("auto", {});
  expect(backend.info.name).toBe("cpu");
  expect(written).toHaveBeenCalledWith(expect.stringMatching(/running on the CPU, because .*could not be loaded/));
});

test("cuda is an error where it cannot be used", async () => {
  vi.stubEnv("OCTAVO_CUDA_BINARY", "/absent/octavo_cuda.node");
  await expect(loadBackend("cuda", {})).rejects.toMatchObject({ code: "BACKEND_LOAD" });
});
