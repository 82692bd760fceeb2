// Python's dict: in the order of insertion, with keys that are equal where Python says so (1, 1.0 and True).

/** @typeParam V its keys and values */
export class Dict<V> {
  readonly #entries = new Map<unknown, [V, V]>();

  constructor(entries: Iterable<readonly [V, V]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: V): V | undefined {
    return this.#entries.get(hashed(key))?.[1];
  }

  has(key: V): boolean {
    return this.#entries.has(hashed(key));
  }

  set(key: V, value: V): void {
    const hash = hashed(key);
    const known = this.#entries.get(hash);
    if (known) known[1] = value;
    else this.#entries.set(hash, [key, value]);
  }

  entries(): readonly (readonly [V, V])[] {
    return [...this.#entries.values()];
  }

  keys(): V[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  values(): V[] {
    return [...this.#entries.values()].map(([, value]) => value);
  }
}

/** @returns what is the same for keys that are equal @throws Error of a value that cannot be a key */
function hashed(key: unknown): unknown {
  if (typeof key === "boolean") return BigInt(key);
  if (typeof key === "number") return Number.isInteger(key) ? BigInt(key) : key;
  if (typeof key !== "object" || key === null) return key;
  if (Array.isArray(key)) throw new Error("unhashable type: 'list'");
  if (key instanceof Dict) throw new Error("unhashable type: 'dict'");
  if ("items" in key && Array.isArray(key.items)) return `\0(${key.items.map(typedHash).join()})`;
  return "text" in key && typeof key.text === "string" ? key.text : key;
}

function typedHash(item: unknown): string {
  const hash = hashed(item);
  return `${typeof hash} ${String(hash)}`;
}
