// Expressions and their values.
import { arithmetic, signed } from "./arithmetic.js";
import { compare, contains, equals } from "./comparison.js";
import { Dict } from "./dict.js";
import { filterNamed, testNamed } from "./filters.js";
import { withFirst } from "./functions.js";
import { checked, type Steps } from "./limits.js";
import type { ArgumentNodes, Call, Comparison, Expression } from "./nodes.js";
import type { Scope } from "./scope.js";
import { isTrue, iterate } from "./sequences.js";
import { getAttribute, getItem, getSlice } from "./subscripts.js";
import { str } from "./text.js";
import { type Arguments, PyObject, refuseUndefined, Tuple, typeName, Undefined, type Value } from "./values.js";

/** Evaluates expressions, counting them. */
export class Evaluator {
  constructor(private readonly steps: Steps) {}

  /** @throws Error as Python would */
  value(node: Expression, scope: Scope): Value {
    this.steps.take();
    switch (node.type) {
      case "const":
        return node.value;
      case "name":
        return scope.get(node.name);
      case "list":
        return this.#values(node.items, scope);
      case "tuple":
        return new Tuple(this.#values(node.items, scope));
      case "concat":
        return checked(this.#values(node.items, scope).map(str).join(""));
      case "dict":
        return new Dict(node.entries.map(([key, item]) => [this.value(key, scope), this.value(item, scope)] as const));
      case "attribute":
        return getAttribute(this.value(node.object, scope), node.name);
      case "item":
        return getItem(this.value(node.object, scope), this.value(node.key, scope));
      case "slice": {
        const object = this.value(node.object, scope);
        const [start, stop, step] = node.bounds.map((bound) => (bound ? this.value(bound, scope) : null));
        return getSlice(object, { start: start!, stop: stop!, step: step! });
      }
      case "call":
        return this.call(node, scope);
      case "filter":
        return this.filtered(node, scope, null);
      case "test": {
        const operand = this.value(node.operand, scope);
        return withFirst(testNamed(node.name), operand)(this.arguments(node.args, scope));
      }
      case "not":
        return !isTrue(this.value(node.operand, scope));
      case "sign":
        return signed(node.operator, this.value(node.operand, scope));
      case "and": {
        const left = this.value(node.left, scope);
        return isTrue(left) ? this.value(node.right, scope) : left;
      }
      case "or": {
        const left = this.value(node.left, scope);
        return isTrue(left) ? left : this.value(node.right, scope);
      }
      case "arithmetic":
        return arithmetic(node.operator, this.value(node.left, scope), this.value(node.right, scope));
      case "compare":
        return this.#isOrdered(node.first, node.rest, scope);
      case "condition":
        if (isTrue(this.value(node.test, scope))) return this.value(node.chosen, scope);
        if (node.otherwise) return this.value(node.otherwise, scope);
        return new Undefined("the inline if-expression evaluated to false and no else section was defined.");
      case "body":
        throw new Error("a body stands only where a filter takes it");
    }
  }

  /** @param more arguments by name, as `caller` */
  call(node: Call, scope: Scope, more: ReadonlyMap<string, Value> = new Map()): Value {
    const callee = this.value(node.callee, scope);
    refuseUndefined(callee);
    const call = callee instanceof PyObject ? callee.call : undefined;
    if (!call) throw new Error(`'${typeName(callee)}' object is not callable`);
    const { positional, named } = this.arguments(node.args, scope);
    return checked(call({ positional, named: new Map([...named, ...more]) }));
  }

  /** @param body what the innermost operand of filters stands for, in `{% filter %}` and `{% set %}` */
  filtered(node: Expression, scope: Scope, body: string | null): Value {
    if (node.type === "body") return body;
    if (node.type !== "filter") return this.value(node, scope);
    const operand = this.filtered(node.operand, scope, body);
    return checked(withFirst(filterNamed(node.name), operand)(this.arguments(node.args, scope)));
  }

  arguments(nodes: ArgumentNodes, scope: Scope): Arguments {
    const positional = this.#values(nodes.positional, scope);
    const named = new Map(nodes.named.map(([name, node]) => [name, this.value(node, scope)] as const));
    if (nodes.rest) positional.push(...iterate(this.value(nodes.rest, scope)));
    if (nodes.namedRest) {
      const rest = this.value(nodes.namedRest, scope);
      if (!(rest instanceof Dict)) throw new Error(`argument after ** must be a mapping, not ${typeName(rest)}`);
      for (const [name, value] of rest.entries()) named.set(str(name), value);
    }
    return { positional, named };
  }

  #values(nodes: readonly Expression[], scope: Scope): Value[] {
    return nodes.map((node) => this.value(node, scope));
  }

  /** `a < b < c`: as many as are true are evaluated. */
  #isOrdered(
    first: Expression,
    rest: readonly { readonly operator: Comparison; readonly operand: Expression }[],
    scope: Scope,
  ): boolean {
    let left = this.value(first, scope);
    for (const { operator, operand } of rest) {
      const right = this.value(operand, scope);
      if (!holds(operator, left, right)) return false;
      left = right;
    }
    return true;
  }
}

function holds(operator: Comparison, a: Value, b: Value): boolean {
  switch (operator) {
    case "==":
      return equals(a, b);
    case "!=":
      return !equals(a, b);
    case "in":
      return contains(b, a);
    case "not in":
      return !contains(b, a);
    case "<":
      return compare(a, b, operator) < 0;
    case "<=":
      return compare(a, b, operator) <= 0;
    case ">":
      return compare(a, b, operator) > 0;
    case ">=":
      return compare(a, b, operator) >= 0;
  }
}
