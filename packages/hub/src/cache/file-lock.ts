// A lock between processes: a file that its owner touches while it lives. Python locks files of this folder by flock, which Node.js
// lacks; both may download one file at once without harm, as each writes to a file of its own and renames it when it is whole.
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const TOUCH_MS = 5000;
/** An owner that did not touch its lock for so long is dead: long enough for one that was stopped for a while. */
const DEAD_AFTER_MS = 60_000;
const LOOK_MS = 200;

export interface LockOptions {
  readonly signal?: AbortSignal;
  /** Called once when another process holds it. */
  readonly onWait?: () => void;
}

export class FileLock implements AsyncDisposable {
  readonly #path: string;
  readonly #content: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
    this.#timer = setInterval(() => {
      const now = new Date();
      void utimes(path, now, now).catch(() => {}); // the folder may be gone
    }, TOUCH_MS);
    this.#timer.unref();
  }

  /** Waits for it. @throws the signal's reason; what the file system throws */
  static async acquire(path: string, { signal, onWait }: LockOptions = {}): Promise<FileLock> {
    await mkdir(dirname(path), { recursive: true });
    const content = JSON.stringify({ pid: process.pid, machine: machine(), id: randomUUID() });
    for (let isWaiting = false; ; ) {
      signal?.throwIfAborted();
      if (await create(path, content)) return new FileLock(path, content);
      const owner = readOwner(path);
      if (owner !== undefined && !owner.isAlive) {
        await takeAway(path, owner.content);
        continue;
      }
      if (!isWaiting) onWait?.();
      isWaiting = true;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }

  /** Whether a living process has it. */
  static isHeld(path: string): boolean {
    return readOwner(path)?.isAlive ?? false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    const content = await readFile(this.#path, "utf8").catch(() => "");
    if (content === this.#content) await rm(this.#path, { force: true });
  }
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead process' lock; never the one that another waiter has put in its place. */
async function takeAway(path: string, content: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return; // another waiter was faster
  }
  if ((await readFile(aside, "utf8").catch(() => content)) !== content) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

interface Owner {
  readonly content: string;
  readonly isAlive: boolean;
}

function readOwner(path: string): Owner | undefined {
  let content: string;
  let touched: number;
  try {
    content = readFileSync(path, "utf8");
    touched = statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
  return { content, isAlive: Date.now() - touched < DEAD_AFTER_MS && !isGone(content) };
}

/** Whether its process ended, which can be seen on the same machine alone. */
function isGone(content: string): boolean {
  try {
    const owner = JSON.parse(content) as { pid?: unknown; machine?: unknown };
    if (owner.machine !== machine() || typeof owner.pid !== "number") return false;
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Process ids are those of a namespace, of which containers have their own. */
function machine(): string {
  try {
    return `${hostname()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}
