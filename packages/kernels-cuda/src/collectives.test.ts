// What must hold for collectives without a GPU: wrong arguments and a missing library are clear errors. What they compute is
// tested by `npm run test:gpu`.
import { createNullBackend } from "@octavo/core/testing";
import { afterAll, describe, expect, test, vi } from "vitest";
import { connectCollectives, createUniqueId, findLibraries, isBuilt } from "./index.js";

describe("connecting", () => {
  const backend = createNullBackend();
  const uniqueId = new Uint8Array(128);

  test.each([
    ["a world of none", { rank: 0, worldSize: 0, uniqueId }, /worldSize.*got 0/],
    ["half a rank", { rank: 0.5, worldSize: 2, uniqueId }, /rank.*\[0, 2\), got 0.5/],
    ["a rank outside of the world", { rank: 2, worldSize: 2, uniqueId }, /rank.*\[0, 2\), got 2/],
    ["a short id", { rank: 0, worldSize: 2, uniqueId: new Uint8Array(127) }, /128 bytes.*got 127 bytes/],
    ["an id that lost its type", { rank: 0, worldSize: 2, uniqueId: { 0: 1 } as unknown as Uint8Array }, /type object/],
    ["a foreign backend", { rank: 0, worldSize: 2, uniqueId }, /backend of this package, got null/],
  ])("%s is INVALID_ARGUMENT", (_name, options, message) => {
    const expected = { code: "INVALID_ARGUMENT", message: expect.stringMatching(message) };
    expect(() => connectCollectives(backend, options)).toThrow(expect.objectContaining(expected));
  });
});

describe.skipIf(!isBuilt())("an NCCL that is not there", () => {
  // Looked for once a process, and test files have processes of their own.
  vi.stubEnv("OCTAVO_NCCL", "/absent/libnccl.so.2");
  afterAll(() => vi.unstubAllEnvs());

  test("is BACKEND_LOAD that says what was opened and how to get it", () => {
    const message = /NCCL 2\.13\.0 or later.*\/absent\/libnccl\.so\.2.*\n.*OCTAVO_NCCL/;
    const expected = { code: "BACKEND_LOAD", message: expect.stringMatching(message) };
    expect(() => createUniqueId()).toThrow(expect.objectContaining(expected));
  });

  test("is reported beside the other libraries", () => {
    const libraries = findLibraries();
    expect(libraries.map(({ name }) => name)).toEqual(["cuBLASLt", "NCCL"]);
    expect(libraries[1]).toEqual({
      name: "NCCL",
      usable: false,
      found: expect.stringContaining("/absent/libnccl.so.2"),
    });
  });
});
