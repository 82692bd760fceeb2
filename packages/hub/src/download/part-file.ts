// A file that is not complete yet, and a log beside it of what is there: pieces come in any order, and a cut may come at any time.
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { HubError } from "../hub-error.js";
import { ByteRanges } from "./byte-ranges.js";
import { diskError } from "./disk.js";

export class PartFile implements AsyncDisposable {
  readonly ranges = new ByteRanges();
  readonly path: string;
  readonly size: number;
  /** What the storage called its content. */
  etag: string | undefined;
  readonly #data: FileHandle;
  readonly #log: FileHandle;

  private constructor(path: string, size: number, data: FileHandle, log: FileHandle) {
    this.path = path;
    this.size = size;
    this.#data = data;
    this.#log = log;
  }

  /** @param path of the file that it becomes. Python's own `.incomplete` files have other names: they hold a file's beginning. */
  static async open(target: string, size: number): Promise<PartFile> {
    const path = partPath(target);
    try {
      // Opened for both, and kept as it is.
      const data = await open(path, "a").then(async (created) => {
        await created.close();
        return open(path, "r+");
      });
      const log = await open(logPath(target), "a");
      const part = new PartFile(path, size, data, log);
      await part.#readLog(logPath(target));
      return part;
    } catch (cause) {
      throw diskError(path, cause);
    }
  }

  /** Writes bytes, and notes that they are there. */
  write(position: number, bytes: Uint8Array): Promise<void> {
    return this.#onDisk(async () => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#data.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
      this.ranges.add(position, position + bytes.length);
      await this.#log.write(`${position} ${position + bytes.length}\n`);
    });
  }

  /** Bytes that were written. */
  async read(begin: number, end: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - begin);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.#data.read(bytes, done, bytes.length - done, begin + done);
      if (bytesRead === 0) throw new HubError("disk", `${this.path} became shorter while it was read: try again.`);
      done += bytesRead;
    }
    return bytes;
  }

  /** Notes what the storage calls its content. */
  setEtag(etag: string): Promise<void> {
    return this.#onDisk(async () => {
      this.etag = etag;
      await this.#log.write(`etag ${etag}\n`);
    });
  }

  /** Nothing is there. */
  restart(): Promise<void> {
    return this.#onDisk(async () => {
      this.ranges.clear();
      this.etag = undefined;
      await this.#log.truncate(0);
      await this.#data.truncate(0);
    });
  }

  /** Removes it: the next one begins anew. */
  async discard(): Promise<void> {
    await this.restart();
    await rm(this.path, { force: true });
    await rm(`${this.path}.log`, { force: true });
  }

  /** Gives it its name, when it is complete. */
  finish(target: string): Promise<void> {
    return this.#onDisk(async () => {
      await this.#data.datasync();
      await rename(this.path, target);
      await rm(logPath(target), { force: true });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#data.close();
    await this.#log.close();
  }

  /** @throws HubError for what the disk refuses */
  async #onDisk(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw diskError(this.path, cause);
    }
  }

  async #readLog(path: string): Promise<void> {
    const { size: length } = await this.#data.stat();
    // A last line that was cut short says less, and nothing wrong.
    for (const line of (await readFile(path, "utf8")).split("\n")) {
      const match = /^(?:etag (.+)|(\d+) (\d+))$/.exec(line);
      if (match?.[1] !== undefined) this.etag = match[1];
      else if (match !== null) this.ranges.add(Number(match[2]), Math.min(Number(match[3]), length, this.size));
    }
    // So that what follows is a line of its own.
    await this.#log.write("\n");
  }
}

/** Bytes that a cut download left, and the paths that hold it. */
export function partPath(target: string): string {
  return `${target}.octavo.incomplete`;
}

export function logPath(target: string): string {
  return `${partPath(target)}.log`;
}
