// Macros, and what a {% call %} gives as `caller`.
import { Dict } from "./dict.js";
import type { MacroNode } from "./nodes.js";
import { type Arguments, PyObject, Tuple, Undefined, type Value } from "./values.js";

/** Renders a macro's body with these variables. A parameter that was not given is missing. */
export type RunMacro = (variables: ReadonlyMap<string, Value>) => Value;

export class Macro extends PyObject {
  readonly typeName = "Macro";

  constructor(
    private readonly node: MacroNode,
    private readonly run: RunMacro,
  ) {
    super();
  }

  override text(): string {
    return `<Macro '${this.node.name}'>`;
  }

  attribute(name: string): Value | undefined {
    const { special, parameters } = this.node;
    if (name === "name") return this.node.name;
    if (name === "arguments") return new Tuple(parameters.map((parameter) => parameter.name));
    const asked = { catch_kwargs: "kwargs", catch_varargs: "varargs", caller: "caller" }[name];
    return asked && special.has(asked);
  }

  override readonly call = ({ positional, named }: Arguments): Value => {
    const { name, parameters, special } = this.node;
    const left = new Map(named);
    const variables = new Map<string, Value>();
    for (const [i, parameter] of parameters.entries()) {
      const value = i < positional.length ? positional[i] : left.get(parameter.name);
      if (i >= positional.length) left.delete(parameter.name);
      if (value !== undefined) variables.set(parameter.name, value);
    }
    if (special.has("caller") && !variables.has("caller")) {
      variables.set("caller", left.get("caller") ?? new Undefined("No caller defined"));
      left.delete("caller");
    }
    if (special.has("kwargs")) variables.set("kwargs", new Dict(left));
    else if (left.size > 0) throw new Error(`macro '${name}' takes no keyword argument '${[...left.keys()][0]}'`);
    if (special.has("varargs")) variables.set("varargs", new Tuple(positional.slice(parameters.length)));
    else if (positional.length > parameters.length) {
      throw new Error(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
    }
    return this.run(variables);
  };
}
