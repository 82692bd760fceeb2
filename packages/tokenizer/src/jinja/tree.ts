// Looking through a syntax tree.
import type { Expression, Statement } from "./nodes.js";

/** Everything in a syntax tree that has a type, in the order of the template. Not recursive: an expression may be nested deeply. */
export function allNodes(tree: unknown): (Expression | Statement)[] {
  const found: (Expression | Statement)[] = [];
  const left = [tree];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== "object" || value === null) continue;
    if ("type" in value) found.push(value as Expression | Statement);
    for (const child of Object.values(value).reverse()) left.push(child);
  }
  return found;
}
