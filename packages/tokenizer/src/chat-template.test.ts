import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FIXTURES, load, POCKET, WORD_PIECE } from "../test-support/model-folder.js";
import type { ChatMessage, ChatOptions } from "./chat-messages.js";
import { ChatTemplates } from "./chat-template.js";
import { strftime } from "./strftime.js";
import { TemplateProgram } from "./template-program.js";
import { Tokenizer } from "./tokenizer.js";

const user: ChatMessage = { role: "user", content: "Hi " };
const PLAIN =
  "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
const PARTS = "{% for m in messages %}{% for part in m['content'] %}[{{ part.text }}]{% endfor %}{% endfor %}";

function render(template: string, messages: readonly ChatMessage[], options: ChatOptions = {}): string {
  const files = { templates: new Map([["default", template]]), templatesFile: "chat_template.jinja" };
  return new ChatTemplates(files, { bos_token: "<s>" }).render(messages, options);
}
const refusal = (param: string, message: RegExp): unknown =>
  expect.objectContaining({ code: "INVALID_ARGUMENT", param, message: expect.stringMatching(message) });

test("Pocket's chats come out as transformers renders and encodes them", async () => {
  const pocket = await Tokenizer.load(POCKET);
  const golden: { cases: { messages?: ChatMessage[]; text: string; ids: number[] }[] } = JSON.parse(
    readFileSync(join(FIXTURES, "pocket-golden.json"), "utf8"),
  );
  const chats = golden.cases.filter((chat) => chat.messages);
  expect(chats.length).toBeGreaterThan(2);
  for (const { messages, text, ids } of chats) {
    expect(pocket.renderChat(messages!)).toBe(text);
    expect([...pocket.encodeChat(messages!)]).toEqual(ids);
  }
});

describe("content", () => {
  test("is text for a template that prints it: parts are joined by a newline, null is empty", () => {
    const parts: ChatMessage = {
      role: "user",
      content: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
    };
    expect(render(PLAIN, [parts])).toBe("<user>a\nb</><assistant>");
    expect(render(PLAIN, [{ role: "assistant", content: null }])).toBe("<assistant></><assistant>");
  });

  test("is a list of parts for a template that loops over it", () => {
    expect(render(PARTS, [user, { role: "user", content: [{ type: "text", text: "b" }] }])).toBe("[Hi ][b]");
  });

  test("stays what the client sent for a template that takes both", () => {
    const both =
      "{% for m in messages %}{% if m.content is string %}<{{ m.content }}>{% else %}{% for p in m.content %}[{{ p.text }}]{% endfor %}{% endif %}{% endfor %}";
    const parts: ChatMessage = { role: "user", content: [{ type: "text", text: "b" }] };
    expect(render(both, [user, parts, { role: "assistant", content: null }])).toBe("<Hi >[b]<>");
  });

  test.each([
    [PLAIN, "string"],
    [
      "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endif %}{% endfor %}",
      "mixed",
    ],
    [
      "{% macro show(content) %}{% if content is not string %}{% for p in content %}{{ p.text }}{% endfor %}{% endif %}{% endmacro %}",
      "mixed",
    ],
    ["{% for m in messages %}{% if m.content is string %}{{ m.content }}{% endif %}{% endfor %}", "string"],
    ["{% for content in messages %}{{ content.role }}{% endfor %}", "string"],
    [PARTS, "openai"],
    [
      "{% for m in messages %}{% set c = m.content %}{% for p in c | list %}{{ p.text }}{% endfor %}{% endfor %}",
      "openai",
    ],
    ["{% macro show(content) %}{% for p in content if p.text %}{{ p.text }}{% endfor %}{% endmacro %}", "openai"],
  ])("format of %s", (template, format) => {
    expect(new TemplateProgram(template).contentFormat).toBe(format);
  });

  test("refuses what is not text, naming the field", () => {
    const image = {
      role: "user",
      content: [
        { type: "text", text: "a" },
        { type: "image_url", image_url: {} },
      ],
    };
    expect(() => render(PLAIN, [user, image])).toThrow(refusal("messages[1].content[1].type", /image_url/));
    const empty = { role: "user", content: [{ type: "text" }] };
    expect(() => render(PLAIN, [empty])).toThrow(refusal("messages[0].content[0].text", /undefined/));
    expect(() => render(PLAIN, [{ role: "user", content: 3 } as never])).toThrow(
      refusal("messages[0].content", /number/),
    );
    expect(() => render(PLAIN, [{ content: "a" } as never])).toThrow(refusal("messages[0].role", /undefined/));
  });

  test("a tool call's arguments reach the template as an object", () => {
    const template = "{% for c in messages[0].tool_calls %}{{ c.function.arguments.x }}{% endfor %}";
    const call = (text: string): ChatMessage => ({
      role: "assistant",
      tool_calls: [{ function: { name: "f", arguments: text } }],
    });
    expect(render(template, [call('{"x": 7}')])).toBe("7");
    expect(() => render(template, [call("{x")])).toThrow(
      refusal("messages[0].tool_calls[0].function.arguments", /not JSON/),
    );
  });
});

describe("options", () => {
  test("variables: special tokens, tools, documents, kwargs, generation prompt", () => {
    const template = "{{ bos_token }}{{ tools is none }}{{ documents is none }}{{ mood }}{{ add_generation_prompt }}";
    expect(render(template, [], { kwargs: { mood: "!" } })).toBe("<s>TrueTrue!True");
    expect(render(template, [], { tools: [{}], documents: [{}], addGenerationPrompt: false })).toBe(
      "<s>FalseFalseFalse",
    );
    expect(() => render(template, [], { kwargs: { messages: [] } })).toThrow(
      refusal("chat_template_kwargs.messages", /own field/),
    );
  });

  test("a final message to continue stays open, with the spaces that the template keeps", () => {
    const messages: ChatMessage[] = [user, { role: "assistant", content: "Sure, " }];
    expect(render(PLAIN, messages, { continueFinalMessage: true })).toBe("<user>Hi </><assistant>Sure, ");
    const trimming = PLAIN.replace("m.content", "m.content | trim");
    expect(render(trimming, messages, { continueFinalMessage: true })).toBe("<user>Hi</><assistant>Sure,");
    expect(render(PARTS, messages, { continueFinalMessage: true })).toBe("[Hi ][Sure, ");
    const both = { continueFinalMessage: true, addGenerationPrompt: true };
    expect(() => render(PLAIN, messages, both)).toThrow(refusal("continue_final_message", /exclude/));
    expect(() => render("{{ messages[0].content }}", messages, { continueFinalMessage: true })).toThrow(
      refusal("continue_final_message", /leaves out/),
    );
    expect(() => render(PLAIN, [], { continueFinalMessage: true })).toThrow(refusal("messages", /there is none/));
  });

  test("several templates: the default, the one for tools, one by name, one of the caller's", async () => {
    const chat_template = ["default", "tool_use", "rag"].map((name) => ({ name, template: `this is ${name}` }));
    const tokenizer = await load(WORD_PIECE, { chat_template });
    expect(tokenizer.renderChat([user])).toBe("this is default");
    expect(tokenizer.renderChat([user], { tools: [] })).toBe("this is tool_use");
    expect(tokenizer.renderChat([user], { chatTemplate: "rag" })).toBe("this is rag");
    expect(tokenizer.renderChat([user], { chatTemplate: "{{ messages[0].role }}" })).toBe("user");
    const named = await load(WORD_PIECE, { chat_template: chat_template.slice(1) });
    expect(() => named.renderChat([user])).toThrow(refusal("chat_template", /tool_use, rag/));
  });
});

describe("failures", () => {
  test("no template", async () => {
    const tokenizer = await load(WORD_PIECE);
    expect(() => tokenizer.renderChat([user])).toThrow(
      refusal("chat_template", /use text completion, or a model whose/),
    );
  });

  test("the template's own refusal", () => {
    expect(() => render("{{ raise_exception('roles must alternate') }}", [])).toThrow(
      refusal("messages", /roles must alternate/),
    );
  });

  test("a template that does not parse", () => {
    expect(() => render(PLAIN, [], { chatTemplate: "{% for %}" })).toThrow(
      refusal("chat_template", /not a valid Jinja template/),
    );
  });

  test("a template that loops for long is stopped", () => {
    const loop = "{% for i in range(1000) %}{% for j in range(1000) %}{{ j }}{% endfor %}{% endfor %}";
    expect(() => new TemplateProgram(loop).render({}, 10_000)).toThrow(/more than 10000 steps/);
    expect(() => render("{{ range(1000000000) }}", [])).toThrow(refusal("messages", /range\(\) of 1000000000 items/));
    expect(
      render("{% for i in range(3, 9, 2) %}{{ i }}{% endfor %}{% for i in range(2, 0, -1) %}{{ i }}{% endfor %}", []),
    ).toBe("35721");
  });

  test.each([
    ["doubles a text", "{% set ns = namespace(x='ab') %}", "{% set ns.x = ns.x ~ ns.x %}"],
    ["doubles a list", "{% set ns = namespace(x=[1]) %}", "{% set ns.x = ns.x + ns.x %}"],
    ["doubles a tuple", "{% set ns = namespace(x=(1,)) %}", "{% set ns.x = ns.x + ns.x %}"],
    ["doubles its output", "{% set ns = namespace(x='ab') %}", "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}"],
  ])("a template that %s is stopped", (_, start, step) => {
    const template = `${start}{% for i in range(60) %}${step}{% endfor %}`;
    expect(() => render(template, [])).toThrow(refusal("messages", /at most 10000000 are allowed/));
  });

  test.each([
    ["a power", "{{ 10 ** 10000000 }}"],
    ["a shifted text", "{{ 'a'.center(1000000000) }}"],
    ["a repeated text", "{{ 'ab' * 1000000000 }}"],
    ["a format", "{{ '%1000000000d' % 1 }}"],
    ["another format", "{{ '{:1000000000}'.format(1) }}"],
    ["a replacement", "{{ ('a' * 100000) | replace('a', 'b' * 100000) }}"],
    ["a join", "{{ range(1000) | join('b' * 100000) }}"],
    ["another join", "{{ ('b' * 1000000).join(['a'] * 1000) }}"],
    ["a batch", "{{ [1] | batch(1000000000, 0) | list }}"],
    ["an indentation", "{{ ('\\n' * 100000) | indent(100000, blank=true) }}"],
  ])("%s that is too large is refused at once", (_, template) => {
    expect(() => render(template, [])).toThrow(refusal("messages", /at most \d+ are allowed|more than 20000 bits/));
  });

  test("other templates cannot be used", () => {
    expect(() => render(PLAIN, [], { chatTemplate: "a\n{% include 'b' %}" })).toThrow(
      refusal("chat_template", /include %} is not supported: a chat template is one file.*line 2/),
    );
  });

  test("messages nested without end", () => {
    let deep: unknown = "x";
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => render(PLAIN, [{ role: "user", content: "a", extra: deep }])).toThrow(refusal("messages", /stack/));
  });
});

test("dates as Python prints them", () => {
  const date = new Date(2026, 10, 2, 15, 4, 5);
  expect(strftime(date, "%d %b %Y %B %A %a %m/%y %H:%M:%S %I%p 100%% %Q")).toBe(
    "02 Nov 2026 November Monday Mon 11/26 15:04:05 03PM 100% %Q",
  );
  expect(strftime(new Date(2026, 0, 1, 0, 0), "%I %p")).toBe("12 AM");
  expect(render("{{ strftime_now('%Y') }}", [])).toMatch(/^20\d\d$/);
});
