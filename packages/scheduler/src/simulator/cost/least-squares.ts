// Least squares with no coefficient below 0, for a handful of columns.

/**
 * Each set of columns is solved for exactly; of those solutions that have no negative coefficient the best one is the minimum
 * under that bound.
 * @returns coefficients x, 0 or more, with the least sum of squares of `rows x - targets`
 */
export function leastSquares(rows: readonly (readonly number[])[], targets: readonly number[]): number[] {
  const columns = rows[0]!.map((_, j) => j);
  // Columns differ by orders of magnitude, which costs digits: each is brought to length 1.
  const lengths = columns.map((j) => Math.sqrt(rows.reduce((sum, row) => sum + row[j]! ** 2, 0)) || 1);
  const scaled = rows.map((row) => row.map((value, j) => value / lengths[j]!));
  const products = columns.map((i) => columns.map((j) => scaled.reduce((sum, row) => sum + row[i]! * row[j]!, 0)));
  const rights = columns.map((j) => scaled.reduce((sum, row, i) => sum + row[j]! * targets[i]!, 0));
  let best = columns.map(() => 0);
  let bestError = Number.POSITIVE_INFINITY;
  for (let set = 1; set < 2 ** columns.length; set++) {
    const used = columns.filter((j) => set & (1 << j));
    const matrix = used.map((i) => used.map((j) => products[i]![j]!));
    const solution = solve(
      matrix,
      used.map((j) => rights[j]!),
    );
    if (!solution || solution.some((value) => value < 0)) continue;
    const found = columns.map((j) => solution[used.indexOf(j)] ?? 0);
    const error = scaled.reduce((sum, row, i) => sum + (inner(row, found) - targets[i]!) ** 2, 0);
    if (error >= bestError) continue;
    best = found;
    bestError = error;
  }
  return best.map((value, j) => value / lengths[j]!);
}

export function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** Solves `matrix x = right` by elimination with pivots, in place; undefined where columns depend on each other. */
function solve(matrix: number[][], right: number[]): number[] | undefined {
  const size = right.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) {
      if (Math.abs(matrix[i]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = i;
    }
    if (Math.abs(matrix[pivot]![column]!) < 1e-9) return undefined;
    [matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!];
    [right[column], right[pivot]] = [right[pivot]!, right[column]!];
    for (let i = column + 1; i < size; i++) {
      const factor = matrix[i]![column]! / matrix[column]![column]!;
      for (let j = column; j < size; j++) matrix[i]![j]! -= factor * matrix[column]![j]!;
      right[i]! -= factor * right[column]!;
    }
  }
  const x = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let value = right[i]!;
    for (let j = i + 1; j < size; j++) value -= matrix[i]![j]! * x[j]!;
    x[i] = value / matrix[i]![i]!;
  }
  return x;
}
