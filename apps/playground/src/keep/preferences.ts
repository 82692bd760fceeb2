// Small things that survive a reload. Storage may be refused (private windows): then they last as long as the page.

function read(storage: () => Storage, name: string): string {
  try {
    return storage().getItem(`octavo.${name}`) ?? "";
  } catch {
    return "";
  }
}

function write(storage: () => Storage, name: string, value: string): void {
  try {
    if (value) storage().setItem(`octavo.${name}`, value);
    else storage().removeItem(`octavo.${name}`);
  } catch {
    // The page goes on with what it has in memory.
  }
}

/** Kept by the browser. Empty: never set. */
export const preference = (name: string) => ({
  get: () => read(() => localStorage, name),
  set: (value: string) => write(() => localStorage, name, value),
});

/** Kept as long as the tab is open: for secrets. */
export const tabSecret = (name: string) => ({
  get: () => read(() => sessionStorage, name),
  set: (value: string) => write(() => sessionStorage, name, value),
});
