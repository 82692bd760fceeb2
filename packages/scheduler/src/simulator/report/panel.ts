// One panel of a chart: lines over an axis with units, as SVG.

export interface Line {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Panel {
  readonly title: string;
  /** Of the values. */
  readonly unit: string;
  readonly lines: readonly Line[];
  readonly xUnit: string;
  /** What the first and the last value stand at. */
  readonly xRange: readonly [number, number];
  /** Powers of ten at equal distances; values of 0 are not drawn. */
  readonly logarithmic?: boolean;
}

export const PANEL_WIDTH = 460;
export const PANEL_HEIGHT = 220;
const LEFT = 56;
const RIGHT = 12;
const TOP = 46;
const BOTTOM = 34;
const PLOT_WIDTH = PANEL_WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = PANEL_HEIGHT - TOP - BOTTOM;

export function drawPanel(panel: Panel, x: number, y: number): string {
  const ticks = panel.logarithmic ? logTicks(panel.lines) : linearTicks(0, highest(panel.lines), 4);
  const scale = panel.logarithmic ? Math.log10 : (value: number) => value;
  const low = scale(ticks[0]!);
  const high = scale(ticks.at(-1)!);
  const [from, to] = panel.xRange;
  const atY = (value: number) => TOP + PLOT_HEIGHT * (1 - (scale(value) - low) / (high - low));
  const atX = (value: number) => LEFT + (PLOT_WIDTH * (value - from)) / (to - from || 1);
  const grid = ticks.map(
    (tick) =>
      `<path class="grid" d="M${LEFT} ${round(atY(tick))}h${PLOT_WIDTH}"/><text x="${LEFT - 6}" y="${round(atY(tick) + 4)}" text-anchor="end">${shortNumber(tick)}</text>`,
  );
  const xLabels = linearTicks(from, to, 5)
    .filter((tick) => tick <= to)
    .map(
      (tick) =>
        `<text x="${round(atX(tick))}" y="${TOP + PLOT_HEIGHT + 16}" text-anchor="middle">${shortNumber(tick)}</text>`,
    );
  const lines = panel.lines.map((line, i) => {
    const step = (to - from) / Math.max(1, line.values.length - 1);
    let path = "";
    let isDown = false;
    for (const [j, value] of line.values.entries()) {
      const visible = !panel.logarithmic || value > 0;
      if (visible) path += `${isDown ? "L" : "M"}${round(atX(from + j * step))} ${round(atY(value))}`;
      isDown = visible;
    }
    const label = `<rect class="fill${i}" x="${LEFT + 104 * i}" y="27" width="10" height="10" rx="2"/><text x="${LEFT + 104 * i + 15}" y="36">${escapeText(line.name)}</text>`;
    return `${label}<path class="line stroke${i}" d="${path}"/>`;
  });
  return [
    `<g transform="translate(${x} ${y})">`,
    `<text class="title" x="${LEFT}" y="16">${escapeText(panel.title)}, ${escapeText(panel.unit)}</text>`,
    ...grid,
    ...xLabels,
    `<text x="${LEFT + PLOT_WIDTH}" y="${PANEL_HEIGHT - 3}" text-anchor="end">${escapeText(panel.xUnit)}</text>`,
    ...lines,
    "</g>",
  ].join("\n");
}

export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function highest(lines: readonly Line[]): number {
  return lines.reduce((most, { values }) => values.reduce((a, b) => Math.max(a, b), most), 0) || 1;
}

/** Round numbers that cover `from` to `to`. */
function linearTicks(from: number, to: number, count: number): number[] {
  const rough = (to - from || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough)! * power;
  const ticks: number[] = [];
  for (let i = Math.floor(from / step); ; i++) {
    ticks.push(i * step);
    if (i * step >= to) return ticks;
  }
}

/** Powers of ten that cover the values above 0. */
function logTicks(lines: readonly Line[]): number[] {
  const values = lines.flatMap((line) => line.values.filter((value) => value > 0));
  const low = Math.floor(Math.log10(values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)));
  const high = Math.ceil(Math.log10(values.reduce((a, b) => Math.max(a, b), 0)));
  if (!Number.isFinite(low)) return [1, 10];
  return Array.from({ length: Math.max(low + 1, high) - low + 1 }, (_, i) => 10 ** (low + i));
}

function shortNumber(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  return value >= 1e4 ? `${Number((value / 1e3).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
