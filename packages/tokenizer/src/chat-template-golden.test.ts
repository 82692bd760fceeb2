// Chats rendered as transformers renders them: by templates of ours, and by models' own where OCTAVO_TEMPLATE_GOLDEN names a file
// of them (test/fixtures/make-template-golden.py OUT FOLDER...).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FIXTURES } from "../test-support/model-folder.js";
import type { ChatMessage } from "./chat-messages.js";
import { ChatTemplates } from "./chat-template.js";

interface Golden {
  readonly chats: Readonly<Record<string, ChatMessage[]>>;
  readonly options: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly templates: readonly {
    readonly name: string;
    readonly template: string;
    readonly special: Readonly<Record<string, string>>;
    readonly cases: readonly {
      readonly chat: string;
      readonly options: string;
      readonly text?: string;
      readonly error?: string;
    }[];
  }[];
}

const { OCTAVO_TEMPLATE_GOLDEN } = process.env;
const files = [join(FIXTURES, "template-golden.json"), ...(OCTAVO_TEMPLATE_GOLDEN ? [OCTAVO_TEMPLATE_GOLDEN] : [])];

describe.each(files)("%s", (file) => {
  const golden: Golden = JSON.parse(readFileSync(file, "utf8"));

  test.each(golden.templates)("$name", ({ template, special, cases }) => {
    const templates = new ChatTemplates({ templates: new Map([["default", template]]), templatesFile: file }, special);
    expect(cases.length).toBeGreaterThan(30);
    for (const { chat, options, text, error } of cases) {
      const {
        tools,
        documents,
        add_generation_prompt: addGenerationPrompt,
        ...kwargs
      } = golden.options[options] as Record<string, never>;
      const render = (): string =>
        templates.render(golden.chats[chat]!, {
          tools,
          documents,
          addGenerationPrompt,
          kwargs: { date_string: "26 Jul 2024", ...kwargs },
        });
      if (text !== undefined) expect(render(), `${chat}, ${options}`).toBe(text);
      else expect(render, `${chat}, ${options}: ${error}`).toThrow(/cannot render these messages/);
    }
  });
});
