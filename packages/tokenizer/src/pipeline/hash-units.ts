/** What to mix a hash with: another in each process, so that no text can be made whose words all share one. */
const FACTOR = (Math.random() * 2 ** 32) | 1;

/** A hash of a part of a text, 32 bits. */
export function hashUnits(text: string, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), FACTOR);
    hash ^= hash >>> 15;
  }
  return hash;
}
