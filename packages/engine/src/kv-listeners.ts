// Who wants to know what the prefix cache holds. The engine records nothing while nobody does.
import type { CoreClient } from "./client/core-client.js";
import { decodeKvEvents, type KvCacheEvent } from "./kv-events.js";
import { encodeKvEvents } from "./protocol/commands.js";
import type { SaltNames } from "./salt-names.js";

export type KvEventListener = (events: readonly KvCacheEvent[]) => void;

export class KvListeners {
  readonly #client: CoreClient;
  readonly #saltNames: SaltNames;
  readonly #listeners = new Set<KvEventListener>();

  constructor(client: CoreClient, saltNames: SaltNames) {
    this.#client = client;
    this.#saltNames = saltNames;
  }

  /** Each new listener makes the engine tell everything anew, to all of them. @returns ends it */
  add(listener: KvEventListener): () => void {
    const entry: KvEventListener = (events) => listener(events);
    this.#listeners.add(entry);
    this.#client.send(encodeKvEvents(true));
    return () => {
      if (!this.#listeners.delete(entry) || this.#listeners.size > 0) return;
      this.#client.send(encodeKvEvents(false));
    };
  }

  /** @param words records of a `KvEventLog` */
  deliver(words: Int32Array): void {
    const { blockSize } = this.#client.info;
    const events = decodeKvEvents(words, blockSize, (salt) => this.#saltNames.nameOf(salt));
    for (const listener of this.#listeners) {
      try {
        listener(events);
      } catch (error) {
        // It is called between two steps: its fault must not end the engine.
        process.emitWarning(`a listener of KV events failed: ${error}`, { code: "OCTAVO_KV_EVENTS" });
      }
    }
  }
}
