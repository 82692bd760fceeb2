// Names that are close to one that is missing, for error messages.

/** Up to `count` of `names`, nearest first; none that differ in more than half of the name. */
export function nearNames(wanted: string, names: Iterable<string>, count = 3): string[] {
  const near: { name: string; distance: number }[] = [];
  for (const name of names) {
    // The length difference is a lower bound, so that most names are not compared at all.
    if (Math.abs(name.length - wanted.length) * 2 > wanted.length) continue;
    const distance = editDistance(wanted, name);
    if (distance * 2 <= wanted.length) near.push({ name, distance });
  }
  return near
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ name }) => name);
}

/** Insertions, deletions and replacements that turn `a` into `b` (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j]! + 1, row[j - 1]! + 1));
    }
    above = row;
  }
  return above[b.length]!;
}
