// One compiled Jinja template.
import { type ContentFormat, contentFormat } from "./content-format.js";
import { fromJs } from "./jinja/from-js.js";
import { GLOBALS } from "./jinja/globals.js";
import { Interpreter } from "./jinja/interpreter.js";
import { Steps } from "./jinja/limits.js";
import type { Statement } from "./jinja/nodes.js";
import { parseTemplate } from "./jinja/parse-template.js";
import { Scope } from "./jinja/scope.js";

/** Nodes that one rendering may evaluate: below a second. A message takes some 20 to 200. */
const MAX_TEMPLATE_STEPS = 1_000_000;

/** A parsed template; rendering leaves it unchanged. */
export class TemplateProgram {
  readonly source: string;
  readonly contentFormat: ContentFormat;
  readonly #statements: readonly Statement[];

  /** @throws SyntaxError that names the line */
  constructor(source: string) {
    this.source = source;
    this.#statements = parseTemplate(source);
    this.contentFormat = contentFormat(this.#statements);
  }

  /** @throws Error of the template (`raise_exception`) or of the interpreter, also after `maxSteps` nodes */
  render(variables: Readonly<Record<string, unknown>>, maxSteps: number = MAX_TEMPLATE_STEPS): string {
    const globals = new Scope();
    for (const [name, value] of GLOBALS) globals.set(name, value);
    const context = new Scope(globals);
    for (const [name, value] of Object.entries(variables)) {
      if (value !== undefined) context.set(name, fromJs(value));
    }
    return new Interpreter(new Steps(maxSteps)).render(this.#statements, context);
  }
}
