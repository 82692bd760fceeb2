// Does a chat template expect a message's content as text or as a list of parts? As in vLLM: a template that loops over the content
// wants parts ("openai"), any other wants text ("string").
export type ContentFormat = "string" | "openai";

interface AstNode {
  readonly type?: string;
  readonly [key: string]: unknown;
}

/** @param program the parsed template */
export function contentFormat(program: unknown): ContentFormat {
  // A macro that renders content usually calls its parameter so.
  const names = new Set(["content"]);
  const nodes = [...allNodes(program)];
  const assigned = new Map<string, unknown[]>();
  for (const { type, assignee, value } of nodes) {
    const target = assignee as AstNode | undefined;
    if (type !== "Set" || target?.type !== "Identifier") continue;
    const name = String(target.value);
    assigned.set(name, [...(assigned.get(name) ?? []), value]);
  }
  // A name that is sometimes something else (Mistral's tool calls, from either field) says nothing of the content.
  for (const [name, values] of assigned) if (values.every((value) => isContent(value, names))) names.add(name);
  return nodes.some((node) => node.type === "For" && isContent(node.iterable, names)) ? "openai" : "string";
}

/** Whether an expression is `x.content`, `x["content"]`, a name for it, or a filter or condition on one of these. */
function isContent(value: unknown, names: ReadonlySet<string>): boolean {
  const node = (value ?? {}) as AstNode;
  switch (node.type) {
    case "Identifier":
      return names.has(String(node.value));
    case "MemberExpression":
      return (node.property as AstNode).value === "content";
    case "FilterExpression":
      return isContent(node.operand, names);
    case "SelectExpression":
    case "Ternary":
      return isContent(node.lhs ?? node.trueExpr, names);
    default:
      return false;
  }
}

function* allNodes(value: unknown): Generator<AstNode> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as AstNode;
  for (const child of Object.values(value)) yield* allNodes(child);
}
