// Conversations in IndexedDB, one record each. Where a browser refuses it, nothing is kept beyond the page.
import { type Conversation, settle } from "../chat/conversation.js";
import { knownSampling } from "../chat/sampling.js";

const DATABASE = "octavo";
const STORE = "conversations";

export interface Database {
  readonly lasting: boolean;
  all(): Promise<Conversation[]>;
  put(conversation: Conversation): Promise<void>;
  remove(id: string): Promise<void>;
}

const NOTHING_KEPT: Database = {
  lasting: false,
  all: async () => [],
  put: async () => {},
  remove: async () => {},
};

export async function openDatabase(): Promise<Database> {
  try {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    return overIndexedDb(await done(request));
  } catch {
    return NOTHING_KEPT;
  }
}

function overIndexedDb(database: IDBDatabase): Database {
  const store = (mode: IDBTransactionMode) => database.transaction(STORE, mode).objectStore(STORE);
  return {
    lasting: true,
    all: async () =>
      (await done<unknown[]>(store("readonly").getAll())).map(readRecord).filter((found) => found !== null),
    put: async (conversation) => void (await done(store("readwrite").put(conversation))),
    remove: async (id) => void (await done(store("readwrite").delete(id))),
  };
}

/** Null for what is not a conversation of this page's shape. An answer that was growing when it was kept is cut. */
export function readRecord(record: unknown): Conversation | null {
  if (typeof record !== "object" || record === null) return null;
  const { id, name, updated, systemPrompt, sampling, messages } = record as Partial<Conversation>;
  if (typeof id !== "string" || typeof updated !== "number" || !Array.isArray(messages)) return null;
  return settle({
    id,
    name: typeof name === "string" ? name : "",
    updated,
    systemPrompt: typeof systemPrompt === "string" ? systemPrompt : "",
    sampling: knownSampling(sampling),
    messages,
  });
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
