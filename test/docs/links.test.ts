// Every relative link of every Markdown file leads to a file or folder that exists, and to a heading where it names one.
import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { anchorsOf, markdownFiles, ROOT, readMarkdown, withoutCode } from "./markdown.js";

const LINK = /\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;

function brokenLinks(file: string): string[] {
  const text = readMarkdown(file);
  const broken: string[] = [];
  for (const [, target] of withoutCode(text).matchAll(LINK)) {
    if (/^[a-z]+:/.test(target!)) continue;
    const [path, anchor] = target!.split("#") as [string, string?];
    const found = path === "" ? file : normalize(join(dirname(file), decodeURI(path)));
    if (!existsSync(join(ROOT, found))) {
      broken.push(`${file}: there is no ${target}`);
    } else if (anchor && statSync(join(ROOT, found)).isFile() && !anchorsOf(readMarkdown(found)).has(anchor)) {
      broken.push(`${file}: ${found} has no heading #${anchor}`);
    }
  }
  return broken;
}

test("relative links lead somewhere", () => {
  const files = markdownFiles();
  expect(files).toContain("README.md");
  expect(files.flatMap(brokenLinks)).toEqual([]);
});

test("a link to nothing is noticed", () => {
  const text = "# A heading, `code`\n## Twice\n## Twice\n";
  expect([...anchorsOf(text)]).toEqual(["a-heading-code", "twice", "twice-1"]);
  expect(withoutCode("a `[b](c)` [d](e)\n```js\n[f](g)\n```\n")).toBe("a code [d](e)\n\n");
});
