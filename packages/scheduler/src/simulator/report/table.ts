// A result as a table for people: amounts, then latencies with their percentiles.
import type { Distribution } from "../metrics/weighted-samples.js";
import type { SimulationResult } from "../simulation-result.js";

const COLUMNS = ["mean", "p50", "p90", "p99", "max"] as const satisfies readonly (keyof Distribution)[];

export function formatResult(title: string, result: SimulationResult): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const both = (mean: number, peak: number) => `${number(mean)}, ${number(peak)}`;
  const amounts: [string, string][] = [
    ["requests that ended", `${result.completed}`],
    ["requests that were refused", `${result.refused}`],
    ...Object.entries(result.refusals).map(([reason, count]): [string, string] => [`  ${reason}`, `${count}`]),
    ["requests that timed out", `${result.timedOut}`],
    [`requests that were cut short by ${result.longestBy}`, `${result.cutShort}`],
    ["duration, s", number(result.duration)],
    ["requests/s", number(result.requestsPerSecond)],
    ["input tokens/s", number(result.inputTokensPerSecond)],
    ["output tokens/s", number(result.outputTokensPerSecond)],
    ...(result.goodput
      ? [
          ["requests within --goodput's bounds", percent(result.good / Math.max(1, result.requests))] as [
            string,
            string,
          ],
        ]
      : []),
    ["requests running, mean and peak", both(result.runningMean, result.runningPeak)],
    ["requests waiting, mean and peak", both(result.waitingMean, result.waitingPeak)],
    ["KV cache in use, mean and peak", `${percent(result.kvUseMean)}, ${percent(result.kvUsePeak)}`],
    ["prompt tokens from the prefix cache", percent(result.prefixHitRate)],
    ["preemptions", `${result.preemptions}`],
    ["steps", `${result.steps}`],
    ["devices busy", percent(result.utilization)],
  ];
  const latencies: [string, Distribution][] = [
    ["time to first token", result.ttft],
    ["inter-token latency", result.itl],
    ["time per output token", result.tpot],
    ["end-to-end latency", result.e2el],
    ["queue time", result.queueTime],
    ...Object.entries(result.ttftOf).map(([name, it]): [string, Distribution] => [`first token, ${name}`, it]),
  ];
  const left = Math.max(...[...amounts, ...latencies].map(([name]) => name.length), "latencies, ms".length);
  const right = Math.max(...amounts.map(([, value]) => value.length));
  const cells = latencies.map(([, it]) => COLUMNS.map((column) => (it.count > 0 ? number(1000 * it[column]) : "-")));
  const widths = COLUMNS.map((column, j) => Math.max(column.length, ...cells.map((row) => row[j]!.length)));
  const row = (name: string, values: readonly string[]) =>
    [name.padEnd(left), ...values.map((value, j) => value.padStart(widths[j]!))].join("   ");
  const width = Math.max(
    left + 3 + right,
    row(
      "",
      widths.map(() => ""),
    ).length,
  );
  return [
    `-- ${title} ${"-".repeat(Math.max(0, width - title.length - 4))}`,
    ...amounts.map(([name, value]) => `${name.padEnd(left)}   ${value.padStart(right)}`),
    "",
    row("latencies, ms", COLUMNS),
    ...latencies.map(([name], i) => row(name, cells[i]!)),
    "",
  ].join("\n");
}

/** Four digits or so. */
export function number(value: number): string {
  if (value === 0 || Math.abs(value) >= 1000) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 10 ? 2 : 3);
}
