// Who wants to know what the prefix cache holds. The engine records nothing while nobody does.
import type { CoreClient } from "./client/core-client.js";
import { decodeKvEvents, type KvCacheEvent } from "./kv-events.js";
import { encodeKvEvents } from "./protocol/commands.js";
import type { SaltNames } from "./salt-names.js";

export type KvEventListener = (events: readonly KvCacheEvent[]) => void;

interface Entry {
  readonly listener: KvEventListener;
  /** Whether it knows the whole state, so that changes mean something to it. */
  started: boolean;
}

export class KvListeners {
  readonly #client: CoreClient;
  readonly #saltNames: SaltNames;
  readonly #listeners = new Set<Entry>();

  constructor(client: CoreClient, saltNames: SaltNames) {
    this.#client = client;
    this.#saltNames = saltNames;
  }

  /** Each new listener makes the engine tell everything anew, to all of them. @returns ends it */
  add(listener: KvEventListener): () => void {
    const entry: Entry = { listener, started: false };
    this.#listeners.add(entry);
    this.#client.send(encodeKvEvents(true));
    return () => {
      if (!this.#listeners.delete(entry) || this.#listeners.size > 0) return;
      this.#client.send(encodeKvEvents(false));
    };
  }

  /** @param words records of a `KvEventLog` */
  deliver(words: Int32Array): void {
    const { blockSize, dedicated } = this.#client.info;
    const events = decodeKvEvents(words, blockSize, !dedicated, (salt) => this.#saltNames.nameOf(salt));
    const whole = events.findIndex(({ type }) => type === "AllBlocksCleared");
    for (const entry of this.#listeners) {
      if (!entry.started && whole < 0) continue;
      try {
        entry.listener(entry.started ? events : events.slice(whole));
        entry.started = true;
      } catch (error) {
        // It is called between two steps: its fault must not end the engine.
        process.emitWarning(`a listener of KV events failed: ${error}`, { code: "OCTAVO_KV_EVENTS" });
      }
    }
  }
}
