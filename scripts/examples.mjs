// The programs in a Markdown page: its blocks of ```js, each whole by itself. A block marked ```js fragment is a part of one.

/**
 * @param {string} markdown
 * @returns {{ line: number, code: string, prints?: string }[]} `prints`: what the block of ```text right behind it says
 */
export function programsOf(markdown) {
  const pattern = /^```(?:js|javascript)\n(.*?)^```\n(?:\n*^```text\n(.*?)^```$)?/gms;
  return [...markdown.matchAll(pattern)].map(({ index, 1: code, 2: prints }) => ({
    line: markdown.slice(0, index).split("\n").length,
    code,
    ...(prints !== undefined && { prints }),
  }));
}
