// One compiled Jinja template. The library has no limits, so a template that loops could hold up the whole process:
// here every node counts against a budget, values have a largest size, and range() has the bound of Jinja's own sandbox.
import * as jinja from "@huggingface/jinja";
import { type ContentFormat, contentFormat } from "./content-format.js";
import { strftime } from "./strftime.js";

interface JinjaEnvironment {
  set(name: string, value: unknown): unknown;
}
interface JinjaInterpreter {
  run(program: unknown): { readonly value: unknown };
  evaluate(statement: unknown, environment: unknown): { readonly value: unknown };
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
    return String(new BoundedInterpreter(environment, maxSteps).run(this.#program).value);
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

  override evaluate(statement: unknown, environment: unknown): { readonly value: unknown } {
    this.#steps += 1;
    if (this.#steps > this.#maxSteps) {
      throw new Error(`it takes more than ${this.#maxSteps} steps; look for an endless loop`);
    }
    const result = super.evaluate(statement, environment);
    const { value } = result;
    if ((typeof value === "string" || Array.isArray(value)) && value.length > MAX_VALUE_SIZE) {
      throw new Error(`it makes a text or list of ${value.length} items, at most ${MAX_VALUE_SIZE} are allowed`);
    }
    return result;
  }
}

function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= MAX_RANGE)) throw new Error(`range() of ${length} items, at most ${MAX_RANGE} are allowed`);
  return Array.from({ length }, (_, i) => start + i * step);
}
