// One compiled Jinja template. The library has no limits, so a template that loops could hold up the whole process:
// here every node counts against a budget, values have a largest size, and range() has the bound of Jinja's own sandbox.
import * as jinja from "@huggingface/jinja";
import { type ContentFormat, contentFormat } from "./content-format.js";
import { filterByAttribute, type TemplateValue } from "./missing-attributes.js";
import { strftime } from "./strftime.js";

interface JinjaEnvironment {
  set(name: string, value: unknown): unknown;
  lookupVariable(name: string): TemplateValue;
}
interface JinjaFilter {
  readonly callee?: { readonly value?: unknown };
  readonly args?: readonly { readonly type: string; readonly value?: unknown }[];
}
interface JinjaInterpreter {
  run(program: unknown): TemplateValue;
  evaluate(statement: unknown, environment: unknown): TemplateValue;
  applyFilter(operand: TemplateValue, filter: JinjaFilter, environment: JinjaEnvironment): TemplateValue;
}
// The library's declarations import without file extensions, so TypeScript finds no types for these two.
const { Environment, Interpreter } = jinja as unknown as {
  Environment: new () => JinjaEnvironment;
  Interpreter: new (environment: JinjaEnvironment) => JinjaInterpreter;
};

/** Nodes that one rendering may evaluate: two seconds at worst. A message takes some 20 to 200. */
const MAX_TEMPLATE_STEPS = 1_000_000;
/** Characters of a text, and items of a list, that a template may make: far above a prompt, far below the process's memory. */
const MAX_VALUE_SIZE = 10_000_000;
/** `MAX_RANGE` of jinja2.sandbox. */
const MAX_RANGE = 100_000;

/** A parsed template; rendering leaves it unchanged. */
export class TemplateProgram {
  readonly source: string;
  readonly contentFormat: ContentFormat;
  readonly #program: unknown;

  /** @throws Error of the parser */
  constructor(source: string) {
    this.source = source;
    this.#program = new jinja.Template(source).parsed;
    this.contentFormat = contentFormat(this.#program);
  }

  /** @throws Error of the template (`raise_exception`) or of the interpreter, also after `maxSteps` nodes */
  render(variables: Readonly<Record<string, unknown>>, maxSteps: number = MAX_TEMPLATE_STEPS): string {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...variables, ...GLOBALS })) environment.set(name, value);
    const text = String(new BoundedInterpreter(environment, maxSteps).run(this.#program).value);
    checkSize(text);
    return text;
  }
}

const GLOBALS: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range,
  raise_exception: (message: unknown) => {
    throw new Error(String(message));
  },
  strftime_now: (format: string) => strftime(new Date(), format),
};

class BoundedInterpreter extends Interpreter {
  readonly #maxSteps: number;
  #steps = 0;

  constructor(environment: JinjaEnvironment, maxSteps: number) {
    super(environment);
    this.#maxSteps = maxSteps;
  }

  override evaluate(statement: unknown, environment: unknown): TemplateValue {
    this.#steps += 1;
    if (this.#steps > this.#maxSteps) {
      throw new Error(`it takes more than ${this.#maxSteps} steps; look for an endless loop`);
    }
    const result = super.evaluate(statement, environment);
    checkSize(result.value);
    return result;
  }

  override applyFilter(operand: TemplateValue, filter: JinjaFilter, environment: JinjaEnvironment): TemplateValue {
    const [attribute] = filter.args ?? [];
    const isByAttribute = filter.callee?.value === "selectattr" || filter.callee?.value === "rejectattr";
    if (!isByAttribute || !Array.isArray(operand.value) || attribute?.type !== "StringLiteral") {
      return super.applyFilter(operand, filter, environment);
    }
    const ArrayValue = operand.constructor as new (items: readonly TemplateValue[]) => TemplateValue;
    const missing = environment.lookupVariable(" no name has a space ");
    const taken = filterByAttribute(operand.value, String(attribute.value), missing, (items) => {
      return super.applyFilter(new ArrayValue(items), filter, environment).value as TemplateValue[];
    });
    return new ArrayValue(taken);
  }
}

function checkSize(value: unknown): void {
  if ((typeof value === "string" || Array.isArray(value)) && value.length > MAX_VALUE_SIZE) {
    throw new Error(`it makes a text or list of ${value.length} items, at most ${MAX_VALUE_SIZE} are allowed`);
  }
}

function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= MAX_RANGE)) throw new Error(`range() of ${length} items, at most ${MAX_RANGE} are allowed`);
  return Array.from({ length }, (_, i) => start + i * step);
}
