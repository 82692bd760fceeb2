// The Markdown files of the repository, and what is in them.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Paths from the root, of committed files and of new ones that git does not ignore. */
export function markdownFiles(): string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
  const listed = execFileSync("git", args, { cwd: ROOT, encoding: "utf8" });
  return listed.split("\n").filter((path) => path !== "");
}

export function readMarkdown(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The text without fenced code and code spans, whose brackets are no links. */
export function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, "").replace(/(`+)[^`][\s\S]*?\1/g, "code");
}

/** What a link to the page may have after `#`: its headings as GitHub names them, and explicit anchors. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  const used = new Map<string, number>();
  for (const [, heading] of text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#{1,6} +(.*)$/gm)) {
    const slug = slugOf(heading!);
    const before = used.get(slug) ?? 0;
    used.set(slug, before + 1);
    anchors.add(before === 0 ? slug : `${slug}-${before}`);
  }
  for (const [, id] of text.matchAll(/<a id="([^"]+)"/g)) anchors.add(id!);
  return anchors;
}

function slugOf(heading: string): string {
  const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return words.replace(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-");
}
