// Brings changed conversations into the database: at once, then as often as is useful while one grows. The database works in
// its own time, so what it has not taken when the page is left goes into local storage, which is done before the page is gone.
import type { Conversation } from "../chat/conversation.js";
import { type Database, readRecord } from "./database.js";
import { preference } from "./preferences.js";

/** Milliseconds between two writes. */
const WRITE_EVERY = 400;

const leftover = preference("unwritten");

export interface WriteBehindOptions {
  readonly database: Database;
  readonly find: (id: string) => Conversation | undefined;
  readonly onFailure: () => void;
}

export class WriteBehind {
  readonly #options: WriteBehindOptions;
  readonly #changed = new Set<string>();
  #waiting = false;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
    addEventListener("pagehide", () => leftover.set(this.#unwritten()));
    // Back from the browser's cache of pages: nothing was lost.
    addEventListener("pageshow", ({ persisted }) => persisted && leftover.set(""));
  }

  changed(id: string): void {
    this.#changed.add(id);
    if (!this.#waiting) this.#writeAll();
  }

  forget(id: string): void {
    this.#changed.delete(id);
    void this.#options.database.remove(id).catch(() => {});
  }

  #writeAll(): void {
    for (const id of this.#changed) void this.#write(id);
    this.#waiting = true;
    setTimeout(() => {
      this.#waiting = false;
      if (this.#changed.size > 0) this.#writeAll();
    }, WRITE_EVERY);
  }

  async #write(id: string): Promise<void> {
    const { database, find, onFailure } = this.#options;
    const conversation = find(id);
    try {
      if (conversation) await database.put(conversation);
    } catch {
      onFailure();
    }
    if (find(id) === conversation) this.#changed.delete(id);
  }

  #unwritten(): string {
    const conversations = [...this.#changed].map(this.#options.find).filter((found) => found !== undefined);
    return conversations.length > 0 ? JSON.stringify(conversations) : "";
  }
}

/** What the last page could not write; once. */
export function takeLeftovers(): Conversation[] {
  const text = leftover.get();
  leftover.set("");
  try {
    const records: unknown = JSON.parse(text || "[]");
    return Array.isArray(records) ? records.map(readRecord).filter((found) => found !== null) : [];
  } catch {
    return [];
  }
}
