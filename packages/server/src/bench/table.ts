// Results as a table for people: names to the left, numbers to the right.

export type Row = readonly [name: string, value: string | number];

/** A heading within a table has no value. */
export function formatTable(title: string, rows: readonly (Row | string)[]): string {
  const cells = rows.map((row) => (typeof row === "string" ? row : ([row[0], format(row[1])] as const)));
  const left = Math.max(...cells.map((cell) => (typeof cell === "string" ? 0 : cell[0].length)));
  const right = Math.max(...cells.map((cell) => (typeof cell === "string" ? 0 : cell[1].length)));
  const width = left + 3 + right;
  const lines = cells.map((cell) =>
    typeof cell === "string" ? rule(cell, width) : `${cell[0].padEnd(left)}   ${cell[1].padStart(right)}`,
  );
  return [rule(title, width), ...lines, ""].join("\n");
}

function rule(title: string, width: number): string {
  return `-- ${title} ${"-".repeat(Math.max(0, width - title.length - 4))}`;
}

function format(value: string | number): string {
  if (typeof value === "string" || Number.isInteger(value)) return String(value);
  return value.toFixed(value < 10 ? 3 : 2);
}
