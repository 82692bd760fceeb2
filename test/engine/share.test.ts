// An engine on a device with memory of its own keeps to its share; on the CPU backend, which says that it has such memory.
import { type Backend, OctavoError } from "@octavo/core";
import type { EngineOptions } from "@octavo/engine";
import { createStatsBuffer, loadCore } from "@octavo/engine/core";
import { createBackend } from "@octavo/kernels-cpu";
import { modelPath } from "@octavo/model-pocket";
import { expect, test } from "vitest";

const MIB = 2 ** 20;
const TOTAL = 2048 * MIB;
const CONTEXT = 100 * MIB;

/** @param free bytes that others left */
function gpuLike(free = TOTAL - CONTEXT) {
  const inner = createBackend({ numThreads: 1 });
  const calls: string[] = [];
  let hostBytes = 0;
  const dispose = () => {
    calls.push("dispose");
    inner.dispose();
  };
  const changes: Partial<Backend> = {
    info: {
      ...inner.info,
      availableBytes: free,
      dedicated: { totalBytes: TOTAL, contextBytes: CONTEXT },
    },
    describeMemory: () => "process 7 (other) holds 1 GiB",
    allocate(byteLength, purpose) {
      if (purpose !== "kv" || byteLength <= free) return inner.allocate(byteLength, purpose);
      throw new OctavoError({ code: "OUT_OF_MEMORY", message: "cannot allocate so much.", param: purpose });
    },
    // A GPU's host memory is not its own; the CPU backend counts it as workspace.
    allocateHost(byteLength) {
      hostBytes += byteLength;
      return inner.allocateHost(byteLength);
    },
    releaseStaging: () => void calls.push("releaseStaging"),
    dispose,
  };
  const backend = new Proxy(inner, {
    get(target, name) {
      const value = changes[name as keyof Backend] ?? Reflect.get(target, name, target);
      return typeof value === "function" && !(name in changes) ? value.bind(target) : value;
    },
  });
  return { backend, calls, hostBytes: () => hostBytes };
}

const load = (options: EngineOptions, backend: Backend) =>
  loadCore(modelPath, { loadFormat: "dummy", ...options }, new Float64Array(createStatsBuffer()), backend);

test("what is held, the driver's part included, stays within the share and fills it", async () => {
  const { backend, calls, hostBytes } = gpuLike();
  const { core, info } = await load({ gpuMemoryUtilization: 0.25, maxNumSeqs: 250 }, backend);
  const held = Object.values(info.memory).reduce((sum, bytes) => sum + bytes, CONTEXT) - hostBytes();
  expect(info.dedicated).toEqual({ totalBytes: TOTAL, contextBytes: CONTEXT, shareBytes: TOTAL / 4 });
  expect(held).toBeLessThanOrEqual(TOTAL / 4);
  expect(held).toBeGreaterThan(TOTAL / 4 - MIB);
  expect(calls).toEqual(["releaseStaging"]);
  core.dispose();
});

test("bytes that were given go before a share, also where it would not be free", async () => {
  const { backend } = gpuLike(TOTAL / 4);
  const { core, info } = await load({ kvCacheMemoryBytes: 64 * MIB }, backend);
  expect(info.kvCacheBytes).toBe(64 * MIB);
  expect(info.dedicated?.shareBytes).toBeUndefined();
  core.dispose();
});

test("bytes that turn out not to be free name their flags", async () => {
  const { backend, calls } = gpuLike(TOTAL / 4);
  await expect(load({ kvCacheMemoryBytes: TOTAL / 2, maxNumSeqs: 512 }, backend)).rejects.toMatchObject({
    code: "OUT_OF_MEMORY",
    param: "kv_cache_memory_bytes",
    message: "cannot allocate so much. Set kv_cache_memory_bytes or gpu_memory_utilization lower.",
  });
  expect(calls.at(-1)).toBe("dispose");
});

test.each<[EngineOptions, number | undefined, RegExp]>([
  [{}, TOTAL / 4, /0\.9 asks for 1844 MiB .* only 612 MiB can be had: process 7 \(other\).* at most 0\.29,/],
  [
    { gpuMemoryUtilization: 0.05 },
    undefined,
    /needs at least [\d.]+ MiB: weights [\d.]+ MiB .*, the KV cache of one request .* share of the GPU is 102 MiB/,
  ],
])("%j with %s bytes free says what is wrong, and lets go of the device", async (options, free, message) => {
  const { backend, calls } = gpuLike(free);
  await expect(load(options, backend)).rejects.toMatchObject({
    code: "OUT_OF_MEMORY",
    param: "gpu_memory_utilization",
    message: expect.stringMatching(message),
  });
  expect(calls.at(-1)).toBe("dispose");
});
