// `octavo list`: models as a table.
import type { ListedModel } from "./caches.js";
import { formatBytes } from "./sizes.js";

const HEADINGS = ["MODEL", "REVISION", "SIZE", "LAST USED"];
const SHORT_COMMIT = 12;
const UNITS = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
] as const;

/** A line for each revision, one for what is left of cut downloads. @param now milliseconds since 1970 */
export function formatModels(models: readonly ListedModel[], now: number): string {
  if (models.length === 0) return "There are no models in the cache; octavo pull ID downloads one.\n";
  const rows = models.flatMap(({ name, revisions, incompleteBytes }) => {
    const lines = revisions.map(({ commit, refs, bytes, lastUsed }) => {
      const revision = [...refs, commit.slice(0, SHORT_COMMIT)].join(", ");
      return [name, revision, formatBytes(bytes), formatAge(now - lastUsed)];
    });
    return incompleteBytes > 0 ? [...lines, [name, "(incomplete)", formatBytes(incompleteBytes), ""]] : lines;
  });
  const table = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("   ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

function formatAge(milliseconds: number): string {
  for (const [length, unit] of UNITS) {
    const count = Math.floor(milliseconds / length);
    if (count > 0) return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
  }
  return "now";
}
