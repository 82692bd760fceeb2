import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { chatTemplate, templateKwargs } from "./chat-template-flags.js";

test("--chat-template is a template or a file with one", () => {
  const folder = mkdtempSync(join(tmpdir(), "octavo-template-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "a.jinja");
  writeFileSync(file, "{{ messages }}\n");
  expect(chatTemplate(file)).toBe("{{ messages }}\n");
  expect(chatTemplate("{{ messages[0].content }}")).toBe("{{ messages[0].content }}");
  expect(() => chatTemplate(join(folder, "b.jinja"))).toThrow(/file or a Jinja template.*ENOENT/);
  expect(() => chatTemplate("{% for %}")).toThrow(/not a valid Jinja template/);
});

test("--default-chat-template-kwargs is a JSON object", () => {
  expect(templateKwargs('{"enable_thinking": false}')).toEqual({ enable_thinking: false });
  for (const text of ["[1]", "null", "{", "1"]) expect(() => templateKwargs(text)).toThrow(/must be a JSON object/);
});
