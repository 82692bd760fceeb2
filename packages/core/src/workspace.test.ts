import { expect, test } from "vitest";
import { addressOf } from "./tensor.js";
import { createReferenceBackend } from "./testing/index.js";
import { Workspace, workspaceBytes } from "./workspace.js";

test("the same calls give the same addresses in every step", () => {
  const workspace = new Workspace(createReferenceBackend(), 8192);
  const step = (): number[] => {
    workspace.reset();
    const first = workspace.alloc("float32", [3, 7]);
    const mark = workspace.mark();
    const second = workspace.alloc("bfloat16", [100]);
    workspace.release(mark);
    const third = workspace.alloc("int32", [1]);
    return [first, second, third].map(addressOf);
  };
  const addresses = step();
  expect(step()).toEqual(addresses);
  expect(addresses[2]).toBe(addresses[1]);
  expect(addresses.every((address) => address % 256 === 0)).toBe(true);
});

test("an arena of the summed sizes holds its tensors, one byte less does not", () => {
  const total = workspaceBytes("float32", [3, 7]) + workspaceBytes("float16", [129]);
  expect(total).toBe(256 + 512);
  const fill = (byteLength: number): void => {
    const workspace = new Workspace(createReferenceBackend(), byteLength);
    workspace.alloc("float32", [3, 7]);
    workspace.alloc("float16", [129]);
  };
  expect(() => fill(total)).not.toThrow();
  expect(() => fill(total - 1)).toThrow(/workspace of 767 bytes cannot hold \[129\] at 256/);
});

test("a failed allocation changes nothing", () => {
  const workspace = new Workspace(createReferenceBackend(), 1024);
  expect(() => workspace.alloc("float32", [1000])).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  expect(workspace.mark()).toBe(0);
  expect(workspace.alloc("float32", [4]).byteOffset).toBe(0);
});

test("dispose gives the memory back", () => {
  const backend = createReferenceBackend();
  const workspace = new Workspace(backend, 1024);
  expect(backend.memory().workspace).toBe(1024);
  workspace.dispose();
  expect(backend.memory().workspace).toBe(0);
});
