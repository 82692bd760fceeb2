// A result as an SVG file that needs nothing else and is readable on light and dark pages.
import type { SimulationResult } from "../simulation-result.js";
import { drawPanel, escapeText, PANEL_HEIGHT, PANEL_WIDTH, type Panel } from "./panel.js";
import { number } from "./table.js";

const MARGIN = 16;
const HEADER = 40;
const COLUMNS = 2;

const STYLE = `
svg { --back: #ffffff; --text: #24292f; --grid: #d8dee4; --c0: #0969da; --c1: #bc4c00; --c2: #1a7f37; }
@media (prefers-color-scheme: dark) { svg { --back: #0d1117; --text: #e6edf3; --grid: #30363d; --c0: #58a6ff; --c1: #f0883e; --c2: #56d364; } }
text { font: 12px system-ui, sans-serif; fill: var(--text); font-variant-numeric: tabular-nums; }
.heading { font-size: 15px; font-weight: 600; } .title { font-weight: 600; }
.back { fill: var(--back); } .grid { stroke: var(--grid); fill: none; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.stroke0 { stroke: var(--c0); } .stroke1 { stroke: var(--c1); stroke-dasharray: 6 3; } .stroke2 { stroke: var(--c2); stroke-dasharray: 2 3; }
.fill0 { fill: var(--c0); } .fill1 { fill: var(--c1); } .fill2 { fill: var(--c2); }`;

export function chart(title: string, result: SimulationResult): string {
  const panels = resultPanels(result).map((panel, i) => {
    const x = MARGIN + (i % COLUMNS) * (PANEL_WIDTH + MARGIN);
    return drawPanel(panel, x, HEADER + MARGIN + Math.floor(i / COLUMNS) * (PANEL_HEIGHT + MARGIN));
  });
  const rows = Math.ceil((panels.length + 1) / COLUMNS);
  const width = MARGIN + COLUMNS * (PANEL_WIDTH + MARGIN);
  const height = HEADER + MARGIN + rows * (PANEL_HEIGHT + MARGIN);
  const summaryX = MARGIN + (panels.length % COLUMNS) * (PANEL_WIDTH + MARGIN);
  const summaryY = HEADER + MARGIN + (rows - 1) * (PANEL_HEIGHT + MARGIN);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeText(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="back" width="${width}" height="${height}"/>`,
    `<text class="heading" x="${MARGIN + 8}" y="${HEADER - 12}">${escapeText(title)}</text>`,
    ...panels,
    summary(result, summaryX, summaryY),
    "</svg>",
    "",
  ].join("\n");
}

function resultPanels({ series, curves, duration }: SimulationResult): Panel[] {
  const time = { xUnit: "virtual time, s", xRange: [0, duration] as const };
  const percent = (values: readonly number[]) => values.map((value) => 100 * value);
  const milliseconds = (values: readonly number[]) => values.map((value) => 1000 * value);
  return [
    {
      ...{ title: "Throughput", unit: "tokens/s", ...time },
      lines: [
        { name: "output", values: series.outputTokensPerSecond },
        { name: "input", values: series.promptTokensPerSecond },
      ],
    },
    {
      ...{ title: "Latency by percentile", unit: "ms", logarithmic: true },
      ...{ xUnit: "percent of requests or tokens", xRange: [0, 100] },
      lines: [
        { name: "first token", values: milliseconds(curves.ttft) },
        { name: "inter-token", values: milliseconds(curves.itl) },
        { name: "queue", values: milliseconds(curves.queueTime) },
      ],
    },
    {
      ...{ title: "Requests", unit: "mean", ...time },
      lines: [
        { name: "running", values: series.running },
        { name: "waiting", values: series.waiting },
      ],
    },
    {
      ...{ title: "KV cache", unit: "%", ...time },
      lines: [
        { name: "in use", values: percent(series.kvUse) },
        { name: "prefix hits", values: percent(series.prefixHitRate) },
      ],
    },
    {
      ...{ title: "What went wrong", unit: "requests/s", ...time },
      lines: [
        { name: "preempted", values: series.preemptionsPerSecond },
        { name: "refused", values: series.refusalsPerSecond },
        { name: "timed out", values: series.timeoutsPerSecond },
      ],
    },
  ];
}

function endedOtherwise({ refused, timedOut }: SimulationResult): string {
  return refused + timedOut > 0 ? `; ${refused} refused, ${timedOut} timed out` : "";
}

function summary(result: SimulationResult, x: number, y: number): string {
  const { ttft, itl, queueTime } = result;
  const latency = ({ p50, p90, p99 }: typeof ttft) => [p50, p90, p99].map((value) => number(1000 * value)).join(" / ");
  const lines = [
    `${result.completed} of ${result.requests} requests in ${number(result.duration)} s${endedOtherwise(result)}`,
    `${number(result.outputTokensPerSecond)} output tokens/s, ${number(result.requestsPerSecond)} requests/s`,
    `first token, ms: ${latency(ttft)}`,
    `inter-token latency, ms: ${latency(itl)}`,
    `queue time, ms: ${latency(queueTime)}`,
    `KV cache: mean ${number(100 * result.kvUseMean)} %, peak ${number(100 * result.kvUsePeak)} %`,
    `prefix hits ${number(100 * result.prefixHitRate)} %, ${result.preemptions} preemptions`,
  ];
  const texts = lines.map((line, i) => `<text x="${x + 56}" y="${y + 44 + 22 * i}">${escapeText(line)}</text>`);
  return [`<text class="title" x="${x + 56}" y="${y + 16}">Summary (p50 / p90 / p99)</text>`, ...texts].join("\n");
}
