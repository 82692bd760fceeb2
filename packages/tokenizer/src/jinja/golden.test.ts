// Some 850 small templates, rendered as Jinja renders them: test/fixtures/make-jinja-golden.py.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FIXTURES } from "../../test-support/model-folder.js";
import { TemplateProgram } from "../template-program.js";

interface Golden {
  readonly variables: Readonly<Record<string, unknown>>;
  /** A template and its text; null where Jinja fails. */
  readonly cases: readonly (readonly [string, string | null])[];
}

const golden: Golden = JSON.parse(readFileSync(join(FIXTURES, "jinja-golden.json"), "utf8"));

function rendered(template: string): string | null {
  try {
    return new TemplateProgram(template).render(golden.variables);
  } catch {
    return null;
  }
}

test("templates render as in Jinja", () => {
  expect(golden.cases.length).toBeGreaterThan(800);
  const ours = golden.cases.map(([template]) => [template, rendered(template)]);
  expect(ours).toEqual(golden.cases);
});
