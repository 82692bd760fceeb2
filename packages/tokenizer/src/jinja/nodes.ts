// The syntax tree of a template.
import type { Operator } from "./arithmetic.js";
import type { Value } from "./values.js";

/** What a call, a filter or a test is given. */
export interface ArgumentNodes {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** `*rest` and `**namedRest`. */
  readonly rest: Expression | null;
  readonly namedRest: Expression | null;
}

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

export type Expression =
  | { readonly type: "const"; readonly value: Value }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "list" | "tuple" | "concat"; readonly items: readonly Expression[] }
  | { readonly type: "dict"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly type: "attribute"; readonly object: Expression; readonly name: string }
  | { readonly type: "item"; readonly object: Expression; readonly key: Expression }
  | Slice
  | Call
  | { readonly type: "filter"; readonly operand: Expression; readonly name: string; readonly args: ArgumentNodes }
  | { readonly type: "test"; readonly operand: Expression; readonly name: string; readonly args: ArgumentNodes }
  | { readonly type: "not"; readonly operand: Expression }
  | { readonly type: "sign"; readonly operator: "+" | "-"; readonly operand: Expression }
  | { readonly type: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly type: "arithmetic"; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | {
      readonly type: "compare";
      readonly first: Expression;
      /** More than one in a chain such as `1 < x < 3`. */
      readonly rest: readonly { readonly operator: Comparison; readonly operand: Expression }[];
    }
  | {
      readonly type: "condition";
      readonly test: Expression;
      readonly chosen: Expression;
      readonly otherwise: Expression | null;
    }
  /** The body of `{% filter %}` or `{% set %}`, which a filter takes. */
  | { readonly type: "body" };

export interface Slice {
  readonly type: "slice";
  readonly object: Expression;
  readonly bounds: readonly [start: Expression | null, stop: Expression | null, step: Expression | null];
}

export interface Call {
  readonly type: "call";
  readonly callee: Expression;
  readonly args: ArgumentNodes;
}

/** What is assigned to. */
export type Target =
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "namespace"; readonly name: string; readonly attribute: string }
  | { readonly type: "tuple"; readonly items: readonly Target[] };

export interface Parameter {
  readonly name: string;
  readonly defaultValue: Expression | null;
}

/** A macro, or the body of a `{% call %}`. */
export interface MacroNode {
  readonly type: "macro";
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  /** Of "varargs", "kwargs" and "caller": those that the body speaks of. */
  readonly special: ReadonlySet<string>;
}

export interface For {
  readonly type: "for";
  readonly target: Target;
  readonly iterable: Expression;
  readonly filter: Expression | null;
  readonly body: readonly Statement[];
  /** Where no iteration came to its end. */
  readonly otherwise: readonly Statement[];
  readonly isRecursive: boolean;
}

export type Statement =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "print"; readonly value: Expression }
  | For
  | {
      readonly type: "if";
      readonly test: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly type: "set"; readonly target: Target; readonly value: Expression }
  /** `{% set %}` with a body, and `{% filter %}` where target is null. */
  | {
      readonly type: "capture";
      readonly target: Target | null;
      readonly filter: Expression;
      readonly body: readonly Statement[];
    }
  /** A scope of its own: `{% with %}` and `{% generation %}`. */
  | {
      readonly type: "with";
      readonly targets: readonly Target[];
      readonly values: readonly Expression[];
      readonly body: readonly Statement[];
    }
  | MacroNode
  | { readonly type: "callBlock"; readonly call: Call; readonly caller: MacroNode }
  | { readonly type: "break" | "continue" };
