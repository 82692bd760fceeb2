// Names and their values. A for loop, a macro and {% with %} have a scope of their own, from which outer names are read but not set.
import { Undefined, type Value } from "./values.js";

export class Scope {
  readonly #values = new Map<string, Value>();

  constructor(private readonly outer: Scope | null = null) {}

  get(name: string): Value {
    for (let scope: Scope | null = this; scope; scope = scope.outer) {
      const value = scope.#values.get(name);
      if (value !== undefined) return value;
    }
    return new Undefined(`'${name}' is undefined`);
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}
