// Markdown to nodes, by marked's lexer. Its HTML renderer is not used: HTML in the text is shown as the text it is.
import { Lexer, type Token, type Tokens } from "marked";
import { decodeEntities } from "./entities.js";
import { type Align, type Block, type Inline, type ListItem, safeLink } from "./nodes.js";

/** No author nests deeper; what does is shown as it was written, so that rendering cannot run out of stack. */
const MAX_DEPTH = 24;

/** Never throws; a text that nests deeper than the lexer's stack is one plain paragraph. */
export function parseMarkdown(text: string): readonly Block[] {
  try {
    return blocks(Lexer.lex(text, { gfm: true, breaks: true }), 0);
  } catch {
    return [{ kind: "paragraph", children: [{ kind: "text", text }] }];
  }
}

function blocks(tokens: readonly Token[], depth: number): Block[] {
  return tokens.map((token) => block(token, depth)).filter((node) => node !== null);
}

function block(token: Token, depth: number): Block | null {
  if (depth > MAX_DEPTH) return raw(token);
  switch (token.type) {
    case "space":
    case "def":
    case "checkbox":
      return null;
    case "heading":
      return { kind: "heading", level: token.depth, children: inlines(token.tokens, depth) };
    case "paragraph":
      return { kind: "paragraph", children: inlines(token.tokens, depth) };
    case "text":
      return { kind: "tight", children: token.tokens ? inlines(token.tokens, depth) : [plain(token.text)] };
    case "code":
      return { kind: "code", language: (token.lang ?? "").split(/\s/)[0]!, text: token.text };
    case "blockquote":
      return { kind: "quote", children: blocks(token.tokens ?? [], depth + 1) };
    case "list":
      return list(token as Tokens.List, depth);
    case "table":
      return table(token as Tokens.Table, depth);
    case "hr":
      return { kind: "rule" };
    default:
      return raw(token);
  }
}

function list({ ordered, start, items }: Tokens.List, depth: number): Block {
  const toItem = ({ task, checked, tokens }: Tokens.ListItem): ListItem => ({
    done: task ? checked === true : null,
    children: blocks(tokens, depth + 1),
  });
  return { kind: "list", start: ordered ? Number(start) || 0 : null, items: items.map(toItem) };
}

function table({ align, header, rows }: Tokens.Table, depth: number): Block {
  const cells = (row: readonly Tokens.TableCell[]) => row.map((cell) => inlines(cell.tokens, depth));
  return { kind: "table", align: align as readonly Align[], header: cells(header), rows: rows.map(cells) };
}

function raw(token: Token): Block {
  return { kind: "paragraph", children: [{ kind: "text", text: token.raw.trimEnd() }] };
}

function inlines(tokens: readonly Token[] | undefined, depth: number): Inline[] {
  return (tokens ?? []).map((token) => inline(token, depth + 1)).filter((node) => node !== null);
}

function inline(token: Token, depth: number): Inline | null {
  if (depth > MAX_DEPTH) return { kind: "text", text: token.raw };
  switch (token.type) {
    case "checkbox":
      return null;
    case "text":
      return plain(token.text);
    case "escape":
      return { kind: "text", text: token.text };
    case "codespan":
      return { kind: "code", text: token.text };
    case "br":
      return { kind: "break" };
    case "strong":
      return { kind: "strong", children: inlines(token.tokens, depth) };
    case "em":
      return { kind: "emphasis", children: inlines(token.tokens, depth) };
    case "del":
      return { kind: "deleted", children: inlines(token.tokens, depth) };
    case "link":
      return link(token.href, inlines(token.tokens, depth), token.raw);
    // An image would be fetched from somewhere else, and tell there what was talked about.
    case "image":
      return link(token.href, [{ kind: "text", text: `[image: ${token.text || token.href}]` }], token.raw);
    default:
      return { kind: "text", text: token.raw };
  }
}

function link(href: string, children: readonly Inline[], written: string): Inline {
  const safe = safeLink(href);
  return safe ? { kind: "link", href: safe, children } : { kind: "text", text: written };
}

function plain(text: string): Inline {
  return { kind: "text", text: decodeEntities(text) };
}
