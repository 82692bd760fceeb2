// Does a chat template expect a message's content as text or as a list of parts? As in vLLM, a template that loops over the content
// wants parts ("openai"), any other wants text ("string"). Where vLLM would then also make parts of texts for a template that tests
// for texts, we do not ("mixed"): such a template would print the parts. See docs/decisions/2026-11-22-content-format.md.
import type { Expression, Statement } from "./jinja/nodes.js";
import { allNodes } from "./jinja/tree.js";

/** "mixed" takes texts as they are and parts as they are. */
export type ContentFormat = "string" | "openai" | "mixed";

type Names = ReadonlySet<string>;

/** @param program the parsed template */
export function contentFormat(program: readonly Statement[]): ContentFormat {
  const nodes = allNodes(program);
  const names = contentNames(nodes);
  const loops = nodes.some((node) => node.type === "for" && isContent(node.iterable, names));
  if (!loops) return "string";
  return nodes.some((node) => asksForText(node, names)) ? "mixed" : "openai";
}

/** Names that always stand for a content. */
function contentNames(nodes: readonly (Expression | Statement)[]): Names {
  // A macro that renders content usually calls its parameter so.
  const names = new Set(["content"]);
  const assigned = new Map<string, Expression[]>();
  for (const node of nodes) {
    if (node.type !== "set" || node.target.type !== "name") continue;
    const values = assigned.get(node.target.name);
    if (values) values.push(node.value);
    else assigned.set(node.target.name, [node.value]);
  }
  // A name that is sometimes something else (Mistral's tool calls, from either field) says nothing of the content.
  for (const [name, values] of assigned) if (values.every((value) => isContent(value, names))) names.add(name);
  return names;
}

/** Whether an expression is `x.content`, `x["content"]`, a name for it, or a filter or condition on one of these. */
function isContent(node: Expression, names: Names): boolean {
  switch (node.type) {
    case "name":
      return names.has(node.name);
    case "attribute":
      return node.name === "content";
    case "item":
      return node.key.type === "const" && node.key.value === "content";
    case "filter":
      return isContent(node.operand, names);
    case "condition":
      return isContent(node.chosen, names);
    default:
      return false;
  }
}

/** Whether a node is `content is string`. */
function asksForText(node: Expression | Statement, names: Names): boolean {
  return node.type === "test" && node.name === "string" && isContent(node.operand, names);
}
