// Expressions by recursive descent, with the precedences of Jinja's own parser (jinja2/parser.py): from the loosest, conditions, to
// filters and tests, which bind tightest.
import type { Operator } from "./arithmetic.js";
import type { ArgumentNodes, Comparison, Expression } from "./nodes.js";
import type { TokenStream } from "./token-stream.js";

const CONSTANTS: ReadonlyMap<string, Expression> = new Map(
  Object.entries({ true: true, True: true, false: false, False: false, none: null, None: null }).map(
    ([name, value]) => [name, { type: "const", value }] as const,
  ),
);

/** A filter or a test without arguments. */
export const NO_ARGUMENTS: ArgumentNodes = { positional: [], named: [], rest: null, namedRest: null };

/** `a if b else c`. */
export function parseExpression(tokens: TokenStream): Expression {
  let expression = parseOr(tokens);
  while (tokens.skip("name", "if")) {
    const test = parseOr(tokens);
    const otherwise = tokens.skip("name", "else") ? parseExpression(tokens) : null;
    expression = { type: "condition", test, chosen: expression, otherwise };
  }
  return expression;
}

/** `a, b`: a tuple without parentheses, or the one expression. */
export function parseTuple(
  tokens: TokenStream,
  parse: (tokens: TokenStream) => Expression = parseExpression,
  mayBeEmpty = false,
): Expression {
  const items: Expression[] = [];
  let isTuple = false;
  for (;;) {
    if (isTupleEnd(tokens)) break;
    items.push(parse(tokens));
    if (!tokens.skip("operator", ",")) break;
    isTuple = true;
  }
  if (items.length === 0 && !mayBeEmpty) throw tokens.unexpected("an expression");
  return items.length === 1 && !isTuple ? items[0]! : { type: "tuple", items };
}

function isTupleEnd(tokens: TokenStream): boolean {
  return tokens.is("end") || tokens.is("operator", ")", "=");
}

/** What is looped over: without a condition, whose `if` would be the loop's filter. */
export function parseOr(tokens: TokenStream): Expression {
  let left = parseAnd(tokens);
  while (tokens.skip("name", "or")) left = { type: "or", left, right: parseAnd(tokens) };
  return left;
}

function parseAnd(tokens: TokenStream): Expression {
  let left = parseNot(tokens);
  while (tokens.skip("name", "and")) left = { type: "and", left, right: parseNot(tokens) };
  return left;
}

function parseNot(tokens: TokenStream): Expression {
  return tokens.skip("name", "not") ? { type: "not", operand: parseNot(tokens) } : parseComparison(tokens);
}

function parseComparison(tokens: TokenStream): Expression {
  const first = parseSum(tokens);
  const rest: { operator: Comparison; operand: Expression }[] = [];
  for (let operator = comparison(tokens); operator; operator = comparison(tokens)) {
    rest.push({ operator, operand: parseSum(tokens) });
  }
  return rest.length === 0 ? first : { type: "compare", first, rest };
}

function comparison(tokens: TokenStream): Comparison | null {
  if (tokens.is("operator", "==", "!=", "<", "<=", ">", ">=")) return tokens.next().value as Comparison;
  if (tokens.skip("name", "in")) return "in";
  if (!(tokens.is("name", "not") && tokens.following.type === "name" && tokens.following.value === "in")) return null;
  tokens.next();
  tokens.next();
  return "not in";
}

function parseSum(tokens: TokenStream): Expression {
  return leftToRight(tokens, ["+", "-"], parseConcat);
}

function parseConcat(tokens: TokenStream): Expression {
  const items = [parseProduct(tokens)];
  while (tokens.skip("operator", "~")) items.push(parseProduct(tokens));
  return items.length === 1 ? items[0]! : { type: "concat", items };
}

function parseProduct(tokens: TokenStream): Expression {
  return leftToRight(tokens, ["*", "/", "//", "%"], parsePower);
}

function parsePower(tokens: TokenStream): Expression {
  return leftToRight(tokens, ["**"], parseFiltered);
}

function leftToRight(
  tokens: TokenStream,
  operators: readonly Operator[],
  parse: (tokens: TokenStream) => Expression,
): Expression {
  let left = parse(tokens);
  while (tokens.is("operator", ...operators)) {
    const operator = tokens.next().value as Operator;
    left = { type: "arithmetic", operator, left, right: parse(tokens) };
  }
  return left;
}

function parseFiltered(tokens: TokenStream): Expression {
  let node = parseUnary(tokens);
  for (;;) {
    if (tokens.is("operator", "|")) node = parseFilters(tokens, node);
    else if (tokens.skip("name", "is")) node = parseTest(tokens, node);
    else if (tokens.is("operator", "(")) node = { type: "call", callee: node, args: parseArguments(tokens) };
    else return node;
  }
}

/** `| a | b(1)`, as many as there are. */
export function parseFilters(tokens: TokenStream, operand: Expression): Expression {
  let node = operand;
  while (tokens.skip("operator", "|")) node = parseFilter(tokens, node);
  return node;
}

/** A filter's name and arguments. */
export function parseFilter(tokens: TokenStream, operand: Expression): Expression {
  const name = dottedName(tokens);
  const args = tokens.is("operator", "(") ? parseArguments(tokens) : NO_ARGUMENTS;
  return { type: "filter", operand, name, args };
}

function parseTest(tokens: TokenStream, operand: Expression): Expression {
  const isNegated = tokens.skip("name", "not");
  const name = dottedName(tokens);
  const test: Expression = { type: "test", operand, name, args: parseTestArguments(tokens) };
  return isNegated ? { type: "not", operand: test } : test;
}

/** In parentheses, or one without them: `is divisibleby 3`. */
function parseTestArguments(tokens: TokenStream): ArgumentNodes {
  if (tokens.is("operator", "(")) return parseArguments(tokens);
  const isValue =
    ["name", "string", "integer", "float"].includes(tokens.current.type) || tokens.is("operator", "[", "{");
  if (!isValue || tokens.is("name", "else", "or", "and")) return NO_ARGUMENTS;
  if (tokens.is("name", "is")) throw tokens.error("You cannot chain multiple tests with is");
  return { ...NO_ARGUMENTS, positional: [parsePostfix(tokens, parsePrimary(tokens))] };
}

function dottedName(tokens: TokenStream): string {
  let name = tokens.expect("name").value;
  while (tokens.skip("operator", ".")) name += `.${tokens.expect("name").value}`;
  return name;
}

function parseUnary(tokens: TokenStream): Expression {
  if (!tokens.is("operator", "-", "+")) return parsePostfix(tokens, parsePrimary(tokens));
  const operator = tokens.next().value as "+" | "-";
  return parsePostfix(tokens, { type: "sign", operator, operand: parseUnary(tokens) });
}

/** A name, a literal, or something in brackets. */
export function parsePrimary(tokens: TokenStream): Expression {
  const token = tokens.current;
  switch (token.type) {
    case "name":
      tokens.next();
      return CONSTANTS.get(token.value) ?? { type: "name", name: token.value };
    case "string": {
      let value = "";
      while (tokens.is("string")) value += tokens.next().value;
      return { type: "const", value };
    }
    case "integer":
      tokens.next();
      return { type: "const", value: BigInt(token.value) };
    case "float":
      tokens.next();
      return { type: "const", value: Number(token.value) };
    default:
      return parseBracketed(tokens);
  }
}

function parseBracketed(tokens: TokenStream): Expression {
  if (tokens.skip("operator", "(")) {
    const inner = parseTuple(tokens, parseExpression, true);
    tokens.expect("operator", ")");
    return inner;
  }
  if (tokens.skip("operator", "[")) return { type: "list", items: commaSeparated(tokens, "]", parseExpression) };
  if (!tokens.skip("operator", "{")) throw tokens.unexpected("an expression");
  const entries = commaSeparated(tokens, "}", (): readonly [Expression, Expression] => {
    const key = parseExpression(tokens);
    tokens.expect("operator", ":");
    return [key, parseExpression(tokens)];
  });
  return { type: "dict", entries };
}

function commaSeparated<T>(tokens: TokenStream, close: string, parse: (tokens: TokenStream) => T): T[] {
  const items: T[] = [];
  while (!tokens.is("operator", close)) {
    if (items.length > 0) tokens.expect("operator", ",");
    if (tokens.is("operator", close)) break;
    items.push(parse(tokens));
  }
  tokens.expect("operator", close);
  return items;
}

function parsePostfix(tokens: TokenStream, start: Expression): Expression {
  let node = start;
  for (;;) {
    if (tokens.skip("operator", ".")) node = parseAttribute(tokens, node);
    else if (tokens.skip("operator", "[")) node = parseSubscript(tokens, node);
    else if (tokens.is("operator", "(")) node = { type: "call", callee: node, args: parseArguments(tokens) };
    else return node;
  }
}

function parseAttribute(tokens: TokenStream, object: Expression): Expression {
  if (!tokens.is("integer")) return { type: "attribute", object, name: tokens.expect("name").value };
  return { type: "item", object, key: { type: "const", value: BigInt(tokens.next().value) } };
}

function parseSubscript(tokens: TokenStream, object: Expression): Expression {
  const bounds: (Expression | null)[] = [null];
  while (!tokens.is("operator", "]")) {
    if (tokens.skip("operator", ":")) bounds.push(null);
    else if (bounds.at(-1) === null) bounds[bounds.length - 1] = parseTuple(tokens);
    else throw tokens.unexpected("']'");
  }
  tokens.expect("operator", "]");
  const [start, stop, step] = bounds;
  if (bounds.length > 3 || (bounds.length === 1 && start === null)) throw tokens.unexpected("a subscript");
  if (bounds.length === 1) return { type: "item", object, key: start! };
  return { type: "slice", object, bounds: [start!, stop!, step ?? null] };
}

function parseArguments(tokens: TokenStream): ArgumentNodes {
  tokens.expect("operator", "(");
  const positional: Expression[] = [];
  const named: [string, Expression][] = [];
  let rest: Expression | null = null;
  let namedRest: Expression | null = null;
  commaSeparated(tokens, ")", () => {
    if (namedRest) throw tokens.error("nothing may follow ** in a call");
    if (tokens.skip("operator", "**")) namedRest = parseExpression(tokens);
    else if (tokens.is("operator", "*")) {
      if (rest) throw tokens.error("a call may have only one *");
      tokens.next();
      rest = parseExpression(tokens);
    } else if (tokens.is("name") && tokens.following.type === "operator" && tokens.following.value === "=") {
      const name = tokens.next().value;
      tokens.next();
      named.push([name, parseExpression(tokens)]);
    } else {
      if (rest || named.length > 0) throw tokens.error("a positional argument may not follow others");
      positional.push(parseExpression(tokens));
    }
  });
  return { positional, named, rest, namedRest };
}
