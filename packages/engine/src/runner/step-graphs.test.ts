import { type Backend, hostStorage, OctavoError, tensor } from "@octavo/core";
import { createNullBackend } from "@octavo/core/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StepGraphs, type StepResult } from "./step-graphs.js";

const BYTES = 100;
let log: string[];
let graphs: StepGraphs;
/** What the next capture throws. */
let failure: Error | undefined;
/** What the ops give. */
let result: StepResult | null;

beforeEach(() => {
  log = [];
  failure = undefined;
  result = null;
  const capture: NonNullable<Backend["capture"]> = (enqueue) => {
    if (failure) throw failure;
    enqueue();
    log.push("captured");
    const dispose = () => void log.push("freed");
    return { byteLength: BYTES, launch: () => void log.push("launched"), dispose, [Symbol.dispose]: dispose };
  };
  graphs = new StepGraphs(Object.assign(createNullBackend(), { capture }), (adjusts) => {
    log.push(adjusts ? "adjusting ops" : "ops");
    return result;
  });
});
afterEach(() => vi.restoreAllMocks());

/** What one step of a bucket did. */
function run(bucket: number, adjusts = false): string[] {
  log = [];
  graphs.run(bucket, adjusts);
  return log;
}

test("a bucket runs op by op, then is captured, then only launched", () => {
  expect(run(4)).toEqual(["ops"]);
  expect([graphs.size, graphs.byteLength]).toEqual([0, 0]);
  expect(run(4)).toEqual(["ops", "captured", "launched"]);
  expect(run(8)).toEqual(["ops"]);
  expect(run(4)).toEqual(["launched"]);
  expect([graphs.size, graphs.byteLength]).toEqual([1, BYTES]);
  log = [];
  graphs.dispose();
  expect(log).toEqual(["freed"]);
});

test("without memory for a graph it goes on op by op, warns once and keeps the graphs that it has", () => {
  const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
  run(4);
  run(4);
  run(8);
  failure = new OctavoError({ code: "OUT_OF_MEMORY", message: "none left" });
  expect(run(8)).toEqual(["ops"]);
  failure = undefined;
  for (const bucket of [8, 16, 16]) expect(run(bucket)).toEqual(["ops"]);
  expect(run(4)).toEqual(["launched"]);
  expect(warned.mock.calls.map(([text]) => text)).toEqual([
    expect.stringMatching(/8 rows: none left; .*enforce_eager/),
  ]);
});

test("another failure of a capture is the engine's, and leaves no graph", () => {
  run(4);
  failure = new OctavoError({ code: "INTERNAL", message: "the device is lost" });
  expect(() => graphs.run(4, false)).toThrow(failure);
  expect([graphs.size, graphs.byteLength]).toEqual([0, 0]);
});

test("steps that adjust logits have graphs of their own, which others do not pay for", () => {
  expect(run(4, true)).toEqual(["adjusting ops"]);
  expect(run(4)).toEqual(["ops"]);
  expect(run(4, true)).toEqual(["adjusting ops", "captured", "launched"]);
  expect(run(4)).toEqual(["ops", "captured", "launched"]);
  expect([run(4), run(4, true), graphs.size]).toEqual([["launched"], ["launched"], 2]);
});

test("a launch gives the result of its capture, of its bucket", () => {
  const made = (): StepResult => {
    const t = tensor("float32", [1], hostStorage(new Uint8Array(4)));
    return { hidden: t, logits: t, mark: 0 };
  };
  const captured = new Map<number, StepResult>();
  for (const bucket of [4, 8]) {
    run(bucket);
    result = made();
    captured.set(bucket, result);
    expect(graphs.run(bucket, false)).toBe(result);
  }
  result = made();
  for (const bucket of [4, 8]) expect(graphs.run(bucket, false)).toBe(captured.get(bucket));
});
