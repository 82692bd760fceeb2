import type { Tensor } from "@octavo/core";
import { createNullBackend } from "@octavo/core/testing";
import { expect, test } from "vitest";
import type { CudaBackend } from "./cuda-backend.js";
import type { TimingEvent } from "./device-timing.js";
import { profileOps } from "./profile.js";

const COSTS: Record<string, number> = { rmsNorm: 3, linear: 20, copy: 5 };
const nothing = undefined as unknown as Tensor;

/** The null backend, with a clock that its calls advance. */
function fakeBackend() {
  const inner = createNullBackend();
  let now = 0;
  const spend = (name: string) => () => {
    now += COSTS[name]!;
  };
  const backend = {
    info: inner.info,
    ops: { ...inner.ops, rmsNorm: spend("rmsNorm"), linear: spend("linear") },
    copy: spend("copy"),
    memory: () => inner.memory(),
    timing: {
      createEvent: () => {
        const event = { at: -1, record: () => (event.at = now), dispose() {} };
        return event as unknown as TimingEvent;
      },
      elapsed: (start: { at: number }, end: { at: number }) => end.at - start.at,
      delay: (microseconds: number) => {
        now += microseconds;
      },
    },
  };
  return backend as unknown as CudaBackend;
}

test("costs are summed by op, the dearest first, without the delay and what ran before", () => {
  using profile = profileOps(fakeBackend());
  const { ops } = profile.backend;
  ops.rmsNorm(nothing, nothing, nothing, 0);
  profile.start();
  ops.rmsNorm(nothing, nothing, nothing, 0);
  ops.linear(nothing, nothing, {} as never);
  ops.rmsNorm(nothing, nothing, nothing, 0);
  profile.backend.copy(nothing, nothing, 0);
  expect(profile.backend.memory().weights).toBe(0);
  const { totalMicroseconds, ops: costs } = profile.report();
  expect(totalMicroseconds).toBe(31);
  expect(costs).toEqual([
    { op: "linear", calls: 1, microseconds: 20, share: 20 / 31 },
    { op: "rmsNorm", calls: 2, microseconds: 6, share: 6 / 31 },
    { op: "copy", calls: 1, microseconds: 5, share: 5 / 31 },
  ]);
});

test("more calls than events are an error, not a wrong sum", () => {
  using profile = profileOps(fakeBackend(), { maxCalls: 2 });
  expect(() => profile.report()).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  profile.start();
  for (let i = 0; i < 3; i++) profile.backend.ops.rmsNorm(nothing, nothing, nothing, 0);
  expect(() => profile.report()).toThrow(/3 calls were made, maxCalls is 2/);
});
