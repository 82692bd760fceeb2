// How far a download is, on stderr: a bar where somebody looks, else a line when it begins and one when it ends.
import type { DownloadProgress } from "@octavo/hub";
import { drawBar } from "../bench/progress-bar.js";
import { formatBytes } from "./sizes.js";

const INTERVAL_MS = 100;

export class DownloadBar {
  readonly #say: (text: string) => void;
  readonly #visible: boolean;
  #started: number | undefined;
  #drawn = 0;

  /** @param say for the lines */
  constructor(
    say: (text: string) => void = (text) => process.stderr.write(`octavo: ${text}\n`),
    visible = process.stderr.isTTY === true,
  ) {
    this.#say = say;
    this.#visible = visible;
  }

  /** May be passed around. */
  readonly update = (progress: DownloadProgress): void => {
    const now = performance.now();
    const { model, phase, files, bytes, bytesDone, bytesReceived } = progress;
    if (this.#started === undefined) {
      this.#started = now;
      if (!this.#visible) this.#say(`downloading ${model}: ${files} files, ${formatBytes(bytes - bytesDone)}`);
    }
    const isOver = phase === "done";
    if (this.#visible && (isOver || now - this.#drawn >= INTERVAL_MS)) {
      this.#drawn = now;
      process.stderr.write(
        isOver ? "\r\x1b[K" : `\r${this.text(progress, now).slice(0, (process.stderr.columns || 80) - 1)}\x1b[K`,
      );
    }
    if (!isOver) return;
    const seconds = ((now - this.#started) / 1000).toFixed(1);
    this.#say(`downloaded ${model}: ${formatBytes(bytesReceived)} in ${seconds} s`);
    this.#started = undefined;
  };

  /** @param now milliseconds */
  text({ model, phase, bytes, bytesDone, bytesReceived }: DownloadProgress, now: number): string {
    const bar = `${drawBar(bytes === 0 ? 1 : bytesDone / bytes)} ${formatBytes(bytesDone)} of ${formatBytes(bytes)}`;
    if (phase === "waiting") return `${bar}, another process downloads ${model}`;
    if (phase === "verifying") return `${bar}, verifying ${model}`;
    const rate = (1000 * bytesReceived) / Math.max(1, now - (this.#started ?? now));
    const left = rate === 0 ? "" : `, ${((bytes - bytesDone) / rate).toFixed(0)} s left`;
    return `${bar}, ${formatBytes(Math.round(rate))}/s${left}, ${model}`;
  }
}
