// How far a download is, told to whoever watches.
import type { HostFile } from "../hosts/host.js";

/** How far a model's download is. Bytes count what was there before, too. */
export interface DownloadProgress {
  /** As the user would write it. */
  readonly model: string;
  /** `waiting`: another process downloads what is left. `verifying`: nothing but hashes is left. */
  readonly phase: "downloading" | "waiting" | "verifying" | "done";
  readonly bytes: number;
  readonly bytesDone: number;
  /** Of `bytesDone`, those that came over the network in this call. */
  readonly bytesReceived: number;
  readonly files: number;
  readonly filesDone: number;
}

export type OnProgress = (progress: DownloadProgress) => void;

const INTERVAL_MS = 50;

/** One file's part of it. */
export class FileProgress {
  readonly size: number;
  readonly #tell: (received: number) => void;
  /** Bytes that are there. */
  bytes = 0;
  state: DownloadProgress["phase"] = "downloading";

  constructor(size: number, tell: (received: number) => void) {
    this.size = size;
    this.#tell = tell;
  }

  /** It begins, or begins anew, with what is there. */
  begin(bytes: number): void {
    this.bytes = bytes;
    this.#set("downloading");
  }

  add(count: number): void {
    this.bytes = Math.min(this.size, this.bytes + count); // what was there may come again
    this.#tell(count);
  }

  waiting(): void {
    this.#set("waiting");
  }

  verifying(): void {
    this.#set("verifying");
  }

  done(): void {
    this.bytes = this.size;
    this.#set("done");
  }

  #set(state: DownloadProgress["phase"]): void {
    this.state = state;
    this.#tell(0);
  }
}

/** All files of a model together. */
export class Progress {
  readonly #model: string;
  readonly #onProgress: OnProgress | undefined;
  readonly #files: FileProgress[] = [];
  #received = 0;
  #told = 0;
  #phase: DownloadProgress["phase"] = "downloading";

  constructor(model: string, onProgress: OnProgress | undefined) {
    this.#model = model;
    this.#onProgress = onProgress;
  }

  addFile({ size }: HostFile): FileProgress {
    const file = new FileProgress(size, (received) => {
      this.#received += received;
      this.#tell(received > 0);
    });
    this.#files.push(file);
    return file;
  }

  /** Often, unless it would be too often. */
  #tell(mayWait: boolean): void {
    if (this.#onProgress === undefined) return;
    const states = new Set(this.#files.map(({ state }) => state));
    const phase = (["downloading", "waiting", "verifying"] as const).find((state) => states.has(state)) ?? "done";
    const now = performance.now();
    if (mayWait && phase === this.#phase && now - this.#told < INTERVAL_MS) return;
    this.#phase = phase;
    this.#told = now;
    this.#onProgress({
      model: this.#model,
      phase,
      bytes: this.#files.reduce((sum, { size }) => sum + size, 0),
      bytesDone: this.#files.reduce((sum, { bytes }) => sum + bytes, 0),
      bytesReceived: this.#received,
      files: this.#files.length,
      filesDone: this.#files.filter(({ state }) => state === "done").length,
    });
  }
}
