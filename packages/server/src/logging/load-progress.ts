// Shows how far a model is loaded: a bar on a terminal, a line now and then in a log. A model that is loaded at once shows nothing.
import type { LoadListener } from "@octavo/engine";
import type { Logger } from "pino";

/** Before that nobody waits. */
const SILENT_MS = 500;
/** From line to line of a log. */
const LINE_MS = 5000;
const WIDTH = 30;

/** What is written to. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface LoadProgress extends LoadListener {
  readonly onProgress: (done: number, total: number) => void;
  /** Takes the bar away. */
  end(): void;
}

/** @param now milliseconds */
export function loadProgress(
  stream: ProgressStream,
  logger: Logger,
  now: () => number = () => performance.now(),
): LoadProgress {
  const started = now();
  const isBar = stream.isTTY === true && logger.isLevelEnabled("info");
  let shown = "";
  let line = started;
  const bar = (done: number, total: number) => {
    const filled = Math.floor((WIDTH * done) / total);
    shown = `loading ${"█".repeat(filled)}${"░".repeat(WIDTH - filled)} ${percent(done, total)} %`;
    stream.write(`\r${shown}`);
  };
  return {
    onProgress(done, total) {
      const time = now();
      if (isBar) {
        if (time - started >= SILENT_MS) bar(done, total);
      } else if (time - line >= LINE_MS) {
        line = time;
        logger.info({ done, total }, `loading the model: ${percent(done, total)} %`);
      }
    },
    end() {
      if (shown !== "") stream.write(`\r${" ".repeat(shown.length)}\r`);
      shown = "";
    },
  };
}

function percent(done: number, total: number): number {
  return Math.floor((100 * done) / total);
}
