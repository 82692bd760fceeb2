// Chat templates that loop or make gigabytes: an error soon, while this thread goes on, and the next chat is rendered as ever.
import { fileURLToPath } from "node:url";
import { Tokenizer } from "@octavo/tokenizer";
import { expect, test } from "vitest";

const POCKET = fileURLToPath(new URL("../../packages/model-pocket", import.meta.url));
const TEXT = "aé漢".repeat(300_000);

/** The most that a loaded machine may make of half a second. */
const MAX_MS = 5000;

const grow = (step: string): string =>
  `{% set ns = namespace(l=[], x='aaaaaaaaaa') %}{% for i in range(1000) %}${step}{% endfor %}{{ ns.l | length }}`;
const HOSTILE: Readonly<Record<string, string>> = {
  loops: "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
  "copies a long text": grow("{% set ns.l = ns.l + [messages[0].content | upper] %}"),
  "makes lists": grow("{% set ns.l = ns.l + [range(100000) | list] %}"),
  "replaces each character by a text": grow("{% set ns.x = ns.x | replace('a', 'aaaaaaaaaa') %}"),
  "joins by a long text": "{{ range(100000) | join(messages[0].content) }}",
  "prints a long text often": "{% for i in range(100000) %}{{ messages[0].content }}{% endfor %}",
  "doubles what is printed as JSON": `{% set ns = namespace(x=messages) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}`,
  "calls itself": "{% macro f(x) %}{{ g(x) }}{% endmacro %}{% macro g(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
  "sorts without end": "{% for i in range(100000) %}{% set x = range(100000) | sort | reverse | list %}{% endfor %}",
  refuses: "{{ raise_exception('roles must alternate') }}",
};

test.each(Object.entries(HOSTILE))("a template that %s", async (_, chatTemplate) => {
  const tokenizer = await Tokenizer.load(POCKET);
  const started = performance.now();
  let last = started;
  let lag = 0;
  const timer = setInterval(() => {
    lag = Math.max(lag, performance.now() - last);
    last = performance.now();
  }, 5);
  const refusal = tokenizer.renderChatAsync([{ role: "user", content: TEXT }], { chatTemplate });
  const others = [1, 2, 3].map((i) => tokenizer.renderChatAsync([{ role: "user", content: `hello ${i}` }]));
  await expect(refusal).rejects.toMatchObject({ code: "INVALID_ARGUMENT", param: "messages" });
  expect(performance.now() - started).toBeLessThan(MAX_MS);
  // What waited behind it is rendered by the thread that follows.
  const texts = await Promise.all(others);
  for (const [i, text] of texts.entries()) expect(text).toContain(`hello ${i + 1}`);
  clearInterval(timer);
  expect(lag).toBeLessThan(1000);
});

test("what the thread renders is what this one renders", async () => {
  const tokenizer = await Tokenizer.load(POCKET);
  const messages = [
    { role: "user", content: [{ type: "text", text: "Hi" }] },
    { role: "assistant", content: "Sure, " },
  ];
  for (const options of [{}, { addGenerationPrompt: false }, { continueFinalMessage: true }]) {
    expect(await tokenizer.renderChatAsync(messages, options)).toBe(tokenizer.renderChat(messages, options));
  }
  const both = tokenizer.renderChatAsync(messages, { continueFinalMessage: true, addGenerationPrompt: true });
  await expect(both).rejects.toThrow(/exclude each other/);
  const notData = tokenizer.renderChatAsync(messages, { kwargs: { f: () => 1 } });
  await expect(notData).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(/clone/) });
});
