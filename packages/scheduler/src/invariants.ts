// What must hold between any two calls of the scheduler.
import { assertInternal } from "@octavo/core";
import type { Forks } from "./forks.js";
import type { InFlightSteps } from "./in-flight-steps.js";
import type { SchedulingPolicy } from "./policy/scheduling-policy.js";
import { NO_ROW, type Request } from "./request.js";
import type { RunningSet } from "./running-set.js";

/** @throws INTERNAL with the numbers */
export function checkInvariants(
  requests: ReadonlyMap<number, Request>,
  { list: running, freeRows }: RunningSet,
  policy: SchedulingPolicy,
  held: readonly Request[],
  inFlight: InFlightSteps,
  numRows: number,
  forks: Forks,
): void {
  const waiting = [...policy.waiting(), ...held];
  assertInternal(
    waiting.length === policy.length + held.length,
    `${policy.length} requests should wait and ${held.length} be held, ${waiting.length} are there`,
  );
  assertInternal(
    requests.size === running.length + waiting.length,
    `${requests.size} requests are known, ${running.length} run and ${waiting.length} wait`,
  );
  assertInternal(
    freeRows + running.length === numRows,
    `${freeRows} rows are free and ${running.length} taken of ${numRows}`,
  );
  const rowIds = new Set(running.map((request) => request.row));
  assertInternal(rowIds.size === running.length, `${running.length} running requests share ${rowIds.size} rows`);
  policy.checkInvariants(running);

  const pending = new Map<Request, number>();
  for (let s = 0; s < inFlight.length; s++) {
    const step = inFlight.at(s);
    for (let i = 0; i < step.length; i++) {
      pending.set(step.request(i), (pending.get(step.request(i)) ?? 0) + step.samples(i));
    }
  }
  for (const request of [...running, ...waiting]) {
    const isRunning = running.includes(request);
    const { id, row, length, computed, sequence, maxLength } = request;
    assertInternal(requests.get(id) === request && !request.finished, `request ${id} is not the one that was added`);
    assertInternal((row !== NO_ROW) === isRunning, `request ${id} ${isRunning ? "runs" : "waits"} with row ${row}`);
    const holds = isRunning ? sequence.numBlocks > 0 : forks.isHolder(request);
    assertInternal(
      holds === sequence.numBlocks > 0 && !(isRunning && forks.isHolder(request)),
      `request ${id} ${isRunning ? "runs" : "waits"} with ${sequence.numBlocks} blocks`,
    );
    const launched = pending.get(request) ?? 0;
    assertInternal(request.pending === launched, `request ${id} expects ${request.pending} of ${launched} samples`);
    assertInternal(request.target <= maxLength, `request ${id} goes to ${request.target} tokens of ${maxLength}`);
    const { drafts, maxDrafts } = request;
    assertInternal(maxDrafts === 0, `request ${id} may still be given ${maxDrafts} drafts`);
    assertInternal(
      drafts === 0 || launched === drafts + 1,
      `request ${id} has ${drafts} drafts and ${launched} samples`,
    );
    assertInternal(computed < length + launched, `request ${id} computed ${computed} of ${length} tokens`);
  }
}
