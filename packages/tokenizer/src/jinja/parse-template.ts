// The tags of a template.

import { tokenize } from "./lexer.js";
import type { Expression, MacroNode, Parameter, Statement, Target } from "./nodes.js";
import { parseExpression, parseFilter, parseFilters, parseOr, parsePrimary, parseTuple } from "./parse-expression.js";
import { TokenStream } from "./token-stream.js";

const BODY: Expression = { type: "body" };
const SPECIAL = ["varargs", "kwargs", "caller"];

/** @throws SyntaxError that names the line */
export function parseTemplate(source: string): readonly Statement[] {
  const tokens = new TokenStream(tokenize(source));
  const { body } = parseUntil(tokens, []);
  return body;
}

/** Statements up to one of the tags that end them. */
function parseUntil(tokens: TokenStream, ends: readonly string[]): { body: Statement[]; end: string } {
  const body: Statement[] = [];
  while (!tokens.is("eof")) {
    if (tokens.is("text")) {
      body.push({ type: "text", text: tokens.next().value });
      continue;
    }
    const { value: begin } = tokens.expect("begin");
    if (begin === "{{") {
      body.push({ type: "print", value: parseTuple(tokens) });
      tokens.expect("end");
      continue;
    }
    const { value: tag } = tokens.expect("name");
    if (ends.includes(tag)) return { body, end: tag };
    body.push(...parseTag(tokens, tag));
  }
  if (ends.length > 0) throw tokens.error(`unexpected end of template, ${ends.join(" or ")} was expected`);
  return { body, end: "" };
}

/** From behind its opening tag up to and with its end tag. */
function parseBody(tokens: TokenStream, end: string): Statement[] {
  tokens.expect("end");
  return parseUntil(tokens, [end]).body;
}

function parseTag(tokens: TokenStream, tag: string): Statement[] {
  const parse = TAGS[tag];
  if (!parse) throw tokens.error(UNSUPPORTED[tag] ?? `Encountered unknown tag '${tag}'`);
  const statements = parse(tokens);
  tokens.expect("end");
  return statements;
}

const OTHERS = "a chat template is one file and cannot use others";
const UNSUPPORTED: Readonly<Record<string, string>> = {
  include: `{% include %} is not supported: ${OTHERS}`,
  import: `{% import %} is not supported: ${OTHERS}`,
  from: `{% from %} is not supported: ${OTHERS}`,
  extends: `{% extends %} is not supported: ${OTHERS}`,
  block: `{% block %} is not supported: ${OTHERS}`,
};

/** From behind the tag's name up to the end of its last tag. */
const TAGS: Readonly<Record<string, (tokens: TokenStream) => Statement[]>> = {
  if: (tokens) => [parseIf(tokens)],
  for: (tokens) => [parseFor(tokens)],
  set: (tokens) => [parseSet(tokens)],
  macro: (tokens) => [parseMacro(tokens)],
  call: (tokens) => [parseCallBlock(tokens)],
  filter: (tokens) => {
    const filter = parseFilters(tokens, parseFilter(tokens, BODY));
    return [{ type: "capture", target: null, filter, body: parseBody(tokens, "endfilter") }];
  },
  with: (tokens) => [parseWith(tokens)],
  generation: (tokens) => [{ type: "with", targets: [], values: [], body: parseBody(tokens, "endgeneration") }],
  print: (tokens) => {
    const value = parseTuple(tokens);
    const items = value.type === "tuple" ? value.items : [value];
    return items.map((item) => ({ type: "print", value: item }));
  },
  break: () => [{ type: "break" }],
  continue: () => [{ type: "continue" }],
};

function parseIf(tokens: TokenStream): Statement {
  const test = parseTuple(tokens, parseOr);
  tokens.expect("end");
  const { body, end } = parseUntil(tokens, ["elif", "else", "endif"]);
  if (end === "elif") return { type: "if", test, body, otherwise: [parseIf(tokens)] };
  return { type: "if", test, body, otherwise: end === "else" ? parseBody(tokens, "endif") : [] };
}

function parseFor(tokens: TokenStream): Statement {
  const target = parseTarget(tokens, false);
  tokens.expect("name", "in");
  const iterable = parseTuple(tokens, parseOr);
  const filter = tokens.skip("name", "if") ? parseExpression(tokens) : null;
  const isRecursive = tokens.skip("name", "recursive");
  tokens.expect("end");
  const { body, end } = parseUntil(tokens, ["else", "endfor"]);
  const otherwise = end === "else" ? parseBody(tokens, "endfor") : [];
  return { type: "for", target, iterable, filter, body, otherwise, isRecursive };
}

function parseSet(tokens: TokenStream): Statement {
  const target = parseTarget(tokens, true);
  if (tokens.skip("operator", "=")) return { type: "set", target, value: parseTuple(tokens) };
  const filter = parseFilters(tokens, BODY);
  return { type: "capture", target, filter, body: parseBody(tokens, "endset") };
}

function parseWith(tokens: TokenStream): Statement {
  const targets: Target[] = [];
  const values: Expression[] = [];
  while (!tokens.is("end")) {
    if (targets.length > 0) tokens.expect("operator", ",");
    targets.push(targetOf(tokens, parsePrimary(tokens)));
    tokens.expect("operator", "=");
    values.push(parseExpression(tokens));
  }
  return { type: "with", targets, values, body: parseBody(tokens, "endwith") };
}

/** @param withNamespace whether `ns.name` may be assigned to */
function parseTarget(tokens: TokenStream, withNamespace: boolean): Target {
  const parse = (): Expression => {
    const name = parsePrimary(tokens);
    if (!(withNamespace && name.type === "name" && tokens.skip("operator", "."))) return name;
    return { type: "attribute", object: name, name: tokens.expect("name").value };
  };
  const items: Expression[] = [];
  let isTuple = false;
  while (!(tokens.is("name", "in") || tokens.is("end") || tokens.is("operator", "="))) {
    items.push(parse());
    if (!tokens.skip("operator", ",")) break;
    isTuple = true;
  }
  if (items.length === 0) throw tokens.unexpected("a name to assign to");
  return targetOf(tokens, isTuple ? { type: "tuple", items } : items[0]!);
}

function targetOf(tokens: TokenStream, node: Expression): Target {
  if (node.type === "name") return node;
  if (node.type === "tuple") return { type: "tuple", items: node.items.map((item) => targetOf(tokens, item)) };
  if (node.type === "attribute" && node.object.type === "name") {
    return { type: "namespace", name: node.object.name, attribute: node.name };
  }
  throw tokens.error("can't assign to this expression");
}

function parseMacro(tokens: TokenStream): Statement {
  const { value: name } = tokens.expect("name");
  return parseMacroBody(tokens, name, parseParameters(tokens), "endmacro");
}

function parseCallBlock(tokens: TokenStream): Statement {
  const parameters = tokens.is("operator", "(") ? parseParameters(tokens) : [];
  const call = parseExpression(tokens);
  if (call.type !== "call") throw tokens.error("{% call %} needs a call");
  return { type: "callBlock", call, caller: parseMacroBody(tokens, "caller", parameters, "endcall") };
}

function parseMacroBody(tokens: TokenStream, name: string, parameters: readonly Parameter[], end: string): MacroNode {
  const start = tokens.place;
  const body = parseBody(tokens, end);
  return {
    type: "macro",
    name,
    parameters,
    body,
    special: new Set(SPECIAL.filter((word) => tokens.hasSeen(word, start))),
  };
}

function parseParameters(tokens: TokenStream): Parameter[] {
  const parameters: Parameter[] = [];
  tokens.expect("operator", "(");
  while (!tokens.is("operator", ")")) {
    if (parameters.length > 0) tokens.expect("operator", ",");
    const { value: name } = tokens.expect("name");
    const defaultValue = tokens.skip("operator", "=") ? parseExpression(tokens) : null;
    if (!defaultValue && parameters.at(-1)?.defaultValue) {
      throw tokens.error("non-default argument follows default argument");
    }
    parameters.push({ name, defaultValue });
  }
  tokens.expect("operator", ")");
  return parameters;
}
