// What must hold between any two calls of the scheduler.
import { assertInternal } from "@octavo/core";
import type { Forks } from "./forks.js";
import type { InFlightSteps } from "./in-flight-steps.js";
import { NO_ROW, type Request } from "./request.js";
import type { RequestQueue } from "./request-queue.js";
import type { RowPool } from "./row-pool.js";

/** @throws INTERNAL with the numbers */
export function checkInvariants(
  requests: ReadonlyMap<number, Request>,
  running: readonly Request[],
  waiting: RequestQueue,
  inFlight: InFlightSteps,
  rows: RowPool,
  numRows: number,
  forks: Forks,
): void {
  assertInternal(
    requests.size === running.length + waiting.length,
    `${requests.size} requests are known, ${running.length} run and ${waiting.length} wait`,
  );
  assertInternal(
    rows.free + running.length === numRows,
    `${rows.free} rows are free and ${running.length} taken of ${numRows}`,
  );
  const rowIds = new Set(running.map((request) => request.row));
  assertInternal(rowIds.size === running.length, `${running.length} running requests share ${rowIds.size} rows`);

  const pending = new Map<Request, number>();
  for (let s = 0; s < inFlight.length; s++) {
    const step = inFlight.at(s);
    for (let i = 0; i < step.numSamples; i++) {
      pending.set(step.request(i), (pending.get(step.request(i)) ?? 0) + 1);
    }
  }
  let lastArrival = -1;
  for (let i = 0; i < requests.size; i++) {
    const isRunning = i < running.length;
    const request = isRunning ? running[i]! : waiting.at(i - running.length);
    const { id, arrival, row, length, computed, sequence, maxLength } = request;
    assertInternal(requests.get(id) === request && !request.finished, `request ${id} is not the one that was added`);
    assertInternal(arrival > lastArrival, `request ${id} stands behind one that arrived later`);
    lastArrival = arrival;
    assertInternal((row !== NO_ROW) === isRunning, `request ${id} ${isRunning ? "runs" : "waits"} with row ${row}`);
    const holds = isRunning ? sequence.numBlocks > 0 : forks.isHolder(request);
    assertInternal(
      holds === sequence.numBlocks > 0 && !(isRunning && forks.isHolder(request)),
      `request ${id} ${isRunning ? "runs" : "waits"} with ${sequence.numBlocks} blocks`,
    );
    const launched = pending.get(request) ?? 0;
    assertInternal(request.pending === launched, `request ${id} expects ${request.pending} of ${launched} samples`);
    assertInternal(request.target <= maxLength, `request ${id} goes to ${request.target} tokens of ${maxLength}`);
    assertInternal(computed < length + launched, `request ${id} computed ${computed} of ${length} tokens`);
  }
}
