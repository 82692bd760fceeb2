// Names of tenants as small numbers, which is all that the scheduler sees of them.

/** Names that are remembered; one that was forgotten gets a new number, and begins as a new tenant. */
const MOST_NAMES = 65_536;

export class TenantIds {
  /** The one that was used longest ago first. 0 is who has no name. */
  readonly #ids = new Map<string, number>();
  #last = 0;

  id(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = ++this.#last;
      if (this.#ids.size === MOST_NAMES) this.#ids.delete(this.#ids.keys().next().value!);
    } else {
      this.#ids.delete(name);
    }
    this.#ids.set(name, id);
    return id;
  }
}
