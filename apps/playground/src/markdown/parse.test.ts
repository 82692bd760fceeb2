import { expect, test } from "vitest";
import type { Block, Inline } from "./nodes.js";
import { parseMarkdown } from "./parse.js";

const paragraph = (...children: Inline[]): Block => ({ kind: "paragraph", children });
const text = (content: string): Inline => ({ kind: "text", text: content });

test("the usual", () => {
  expect(parseMarkdown("# A *b*\n\nc **d** `e<f`\ng ~~h~~\n\n---\n\n> i")).toEqual([
    { kind: "heading", level: 1, children: [text("A "), { kind: "emphasis", children: [text("b")] }] },
    paragraph(
      text("c "),
      { kind: "strong", children: [text("d")] },
      text(" "),
      { kind: "code", text: "e<f" },
      { kind: "break" },
      text("g "),
      { kind: "deleted", children: [text("h")] },
    ),
    { kind: "rule" },
    { kind: "quote", children: [paragraph(text("i"))] },
  ]);
  expect(parseMarkdown("3. a\n4. b\n   - [x] c")).toEqual([
    {
      kind: "list",
      start: 3,
      items: [
        { done: null, children: [{ kind: "tight", children: [text("a")] }] },
        {
          done: null,
          children: [
            { kind: "tight", children: [text("b")] },
            {
              kind: "list",
              start: null,
              items: [{ done: true, children: [{ kind: "tight", children: [text("c")] }] }],
            },
          ],
        },
      ],
    },
  ]);
  expect(parseMarkdown("| a | b |\n|--|-:|\n| 1 | 2 |")).toEqual([
    { kind: "table", align: [null, "right"], header: [[text("a")], [text("b")]], rows: [[[text("1")], [text("2")]]] },
  ]);
});

test("a code block that has not ended yet is one", () => {
  expect(parseMarkdown("```js title\nlet a = 1 < 2;\n")).toEqual([
    { kind: "code", language: "js", text: "let a = 1 < 2;" },
  ]);
});

test("HTML is text", () => {
  expect(parseMarkdown("<script>alert(1)</script>")).toEqual([paragraph(text("<script>alert(1)</script>"))]);
  expect(parseMarkdown("a <img src=x onerror=alert(1)> b")).toEqual([
    paragraph(text("a "), text("<img src=x onerror=alert(1)>"), text(" b")),
  ]);
  expect(parseMarkdown("&lt;b&gt; &amp;amp; &#x41;&#66; &nope; &#0;")).toEqual([
    paragraph(text("<b> &amp; AB &nope; \ufffd")),
  ]);
});

test.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "data:text/html,x",
  "vbscript:x",
  "/v1/models",
  "//evil.example",
  "&#106;avascript:x",
])("no link to %s", (href) => {
  expect(JSON.stringify(parseMarkdown(`[a](${href}) <${href}> ![b](${href})`))).not.toContain('"kind":"link"');
});

test("links to elsewhere are kept; an image becomes one, and is not fetched", () => {
  expect(parseMarkdown("[a](https://a.example/?b=1)")).toEqual([
    paragraph({ kind: "link", href: "https://a.example/?b=1", children: [text("a")] }),
  ]);
  expect(parseMarkdown("![b](https://a.example/b.png)")).toEqual([
    paragraph({ kind: "link", href: "https://a.example/b.png", children: [text("[image: b]")] }),
  ]);
});

test("a text that nests absurdly deep is still shown, and soon", () => {
  const start = performance.now();
  for (const deep of [
    ">".repeat(500),
    ">".repeat(20_000),
    "[".repeat(20_000),
    "- ".repeat(5_000),
    `${"*a ".repeat(10_000)}`,
  ]) {
    const json = JSON.stringify(parseMarkdown(deep));
    expect(json.length).toBeGreaterThan(10);
    expect(json.split('"children"').length).toBeLessThan(100);
  }
  expect(performance.now() - start).toBeLessThan(5000);
});
