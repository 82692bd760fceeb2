// The messages that docs/troubleshooting.md quotes are in the sources, so that searching for one finds it in both.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, readMarkdown } from "./markdown.js";

/** All of TypeScript and C++, with texts that are joined by `+` or, in C++, by standing side by side put together. */
function sources(): string {
  const packages = join(ROOT, "packages");
  return readdirSync(packages, { recursive: true, encoding: "utf8" })
    .filter((path) => /^[^/]+\/(src|csrc)\/.*\.(ts|cc|cu|h)$/.test(path) && !path.includes(".test."))
    .map((path) => readFileSync(join(packages, path), "utf8"))
    .join("\n")
    .replace(/["'`]\s*\+?\s*\n\s*["'`]/g, "")
    .replaceAll('\\"', '"')
    .replaceAll("\\`", "`");
}

/** What stands between the dots of ```text blocks, line by line, and of the table's quotes. */
function quotesOf(page: string): string[] {
  const blocks = [...page.matchAll(/^```text\n(.*?)^```$/gms)].flatMap(([, block]) => block!.trim().split("\n"));
  const cells = [...page.matchAll(/^\| \d+ `([^`]+)`/gm)].map(([, quote]) => quote!);
  return [...blocks, ...cells].flatMap((line) => line.split("...")).map((part) => part.trim());
}

test("quoted messages exist", () => {
  const quotes = quotesOf(readMarkdown("docs/troubleshooting.md")).filter((quote) => quote.length > 3);
  expect(quotes.length).toBeGreaterThan(40);
  const text = sources();
  expect(quotes.filter((quote) => !text.includes(quote))).toEqual([]);
});
