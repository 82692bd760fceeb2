// File patterns as Python's fnmatch has them, so that --include means what `hf download --include` means.

/** `*` matches slashes, too; a pattern that ends in a slash is a folder with all that is in it. */
export function matchesAny(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => toRegExp(pattern.endsWith("/") ? `${pattern}*` : pattern).test(path));
}

function toRegExp(pattern: string): RegExp {
  const parts = pattern.match(/\*+|\?|\[!?\]?[^\]]*\]|[^*?[]+|\[/g) ?? [];
  const source = parts.map((part) => {
    if (part.startsWith("*")) return ".*";
    if (part === "?") return ".";
    if (part.length > 2 && part.startsWith("[")) return toClass(part.slice(1, -1));
    return part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  });
  return new RegExp(`^${source.join("")}$`, "su");
}

function toClass(content: string): string {
  const isNegated = content.startsWith("!");
  const characters = (isNegated ? content.slice(1) : content).replace(/[\\^\][&~|]/g, "\\$&");
  return `[${isNegated ? "^" : ""}${characters}]`;
}
