// Looking through a syntax tree.
import type { Expression, Statement } from "./nodes.js";

/** Everything in a syntax tree that has a type. */
export function* allNodes(value: unknown): Generator<Expression | Statement> {
  if (typeof value !== "object" || value === null) return;
  if ("type" in value) yield value as Expression | Statement;
  for (const child of Object.values(value)) yield* allNodes(child);
}

/** Whether a name is read or set somewhere in a tree. */
export function mentions(tree: unknown, name: string): boolean {
  for (const node of allNodes(tree)) if (node.type === "name" && node.name === name) return true;
  return false;
}
