// V8 keeps a slice of more than twelve units as a reference into its text, which keeps the whole text in memory.

const MAX_COPIED_SLICE = 12;

/** A string that may be a slice, as one that keeps nothing else in memory. */
export function ownString(text: string): string {
  return text.length <= MAX_COPIED_SLICE ? text : Buffer.from(text, "utf16le").toString("utf16le");
}
