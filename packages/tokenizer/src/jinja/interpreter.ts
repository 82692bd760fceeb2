// Runs a template's statements.
import { Evaluator } from "./evaluate.js";
import type { Steps } from "./limits.js";
import { Loop } from "./loop.js";
import { Macro } from "./macro.js";
import type { For, MacroNode, Statement, Target } from "./nodes.js";
import { Output } from "./output.js";
import { Scope } from "./scope.js";
import { isTrue, iterate, unpacked } from "./sequences.js";
import { str } from "./text.js";
import { iterator, Namespace, Undefined, type Value } from "./values.js";

/** How statements end: at their last one, or at a {% break %} or {% continue %} for the loop around them. */
type Ending = "end" | "break" | "continue";

export class Interpreter {
  readonly #evaluator: Evaluator;

  constructor(private readonly steps: Steps) {
    this.#evaluator = new Evaluator(steps);
  }

  /** @returns the text of the statements */
  render(statements: readonly Statement[], scope: Scope): string {
    const output = new Output();
    this.#run(statements, scope, output);
    return output.text;
  }

  #run(statements: readonly Statement[], scope: Scope, output: Output): Ending {
    for (const statement of statements) {
      const ending = this.#statement(statement, scope, output);
      if (ending !== "end") return ending;
    }
    return "end";
  }

  #statement(node: Statement, scope: Scope, output: Output): Ending {
    this.steps.take();
    switch (node.type) {
      case "text":
        output.add(node.text);
        return "end";
      case "print":
        output.add(str(this.#evaluator.value(node.value, scope)));
        return "end";
      case "if": {
        const isTaken = isTrue(this.#evaluator.value(node.test, scope));
        return this.#run(isTaken ? node.body : node.otherwise, scope, output);
      }
      case "for":
        this.#for(node, this.#evaluator.value(node.iterable, scope), 0, scope, output);
        return "end";
      case "set":
        this.#assign(node.target, this.#evaluator.value(node.value, scope), scope);
        return "end";
      case "capture": {
        const text = this.render(node.body, new Scope(scope));
        const value = this.#evaluator.filtered(node.filter, scope, text);
        if (node.target) this.#assign(node.target, value, scope);
        else output.add(str(value));
        return "end";
      }
      case "with": {
        const inner = new Scope(scope);
        for (const [i, target] of node.targets.entries()) {
          this.#assign(target, this.#evaluator.value(node.values[i]!, scope), inner);
        }
        return this.#run(node.body, inner, output);
      }
      case "macro":
        scope.set(node.name, this.#macro(node, scope));
        return "end";
      case "callBlock": {
        const caller = this.#macro(node.caller, scope);
        output.add(str(this.#evaluator.call(node.call, scope, new Map([["caller", caller]]))));
        return "end";
      }
      default:
        return node.type;
    }
  }

  #for(node: For, iterable: Value, depth: number, scope: Scope, output: Output): void {
    const recurse = (items: Value, level: number): Value => {
      const inner = new Output();
      this.#for(node, items, level, scope, inner);
      return inner.text;
    };
    const items = node.filter ? iterator(this.#filtered(node, iterable, scope)) : iterable;
    const loop = new Loop(items, node.isRecursive ? recurse : null, depth);
    // As Jinja counts: an iteration that {% break %} or {% continue %} left is none.
    let isOtherwise = true;
    for (let item = loop.next(); item !== undefined; item = loop.next()) {
      this.steps.take();
      const inner = new Scope(scope);
      inner.set("loop", loop);
      this.#assign(node.target, item, inner);
      const ending = this.#run(node.body, inner, output);
      if (ending === "end") isOtherwise = false;
      if (ending === "break") break;
    }
    if (isOtherwise) this.#run(node.otherwise, new Scope(scope), output);
  }

  /** The items that `for x in items if x` takes. */
  *#filtered(node: For, items: Value, scope: Scope): Generator<Value> {
    for (const item of iterate(items)) {
      const inner = new Scope(scope);
      this.#assign(node.target, item, inner);
      if (isTrue(this.#evaluator.value(node.filter!, inner))) yield item;
    }
  }

  #macro(node: MacroNode, scope: Scope): Macro {
    return new Macro(node, (variables) => {
      const inner = new Scope(scope);
      for (const [name, value] of variables) inner.set(name, value);
      for (const { name, defaultValue } of node.parameters) {
        if (variables.has(name)) continue;
        const missing = new Undefined(`parameter '${name}' was not provided`);
        inner.set(name, defaultValue ? this.#evaluator.value(defaultValue, inner) : missing);
      }
      return this.render(node.body, inner);
    });
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.type === "name") scope.set(target.name, value);
    else if (target.type === "tuple") {
      const items = unpacked(value, target.items.length);
      for (const [i, item] of items.entries()) this.#assign(target.items[i]!, item, scope);
    } else {
      const namespace = scope.get(target.name);
      if (!(namespace instanceof Namespace)) throw new Error("cannot assign attribute on non-namespace object");
      namespace.attributes.set(target.attribute, value);
    }
  }
}
