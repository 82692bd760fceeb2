import { type Backend, OctavoError } from "@octavo/core";
import { createNullBackend } from "@octavo/core/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StepGraphs } from "./step-graphs.js";

const BYTES = 100;
let log: string[];
let graphs: StepGraphs;
/** What the next capture throws. */
let failure: Error | undefined;

beforeEach(() => {
  log = [];
  failure = undefined;
  const capture: NonNullable<Backend["capture"]> = (enqueue) => {
    if (failure) throw failure;
    enqueue();
    log.push("captured");
    const dispose = () => void log.push("freed");
    return { byteLength: BYTES, launch: () => void log.push("launched"), dispose, [Symbol.dispose]: dispose };
  };
  graphs = new StepGraphs(Object.assign(createNullBackend(), { capture }), () => void log.push("ops"));
});
afterEach(() => vi.restoreAllMocks());

/** What one step of a bucket did. */
function run(bucket: number): string[] {
  log = [];
  graphs.run(bucket);
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
  expect(() => graphs.run(4)).toThrow(failure);
  expect([graphs.size, graphs.byteLength]).toEqual([0, 0]);
});
