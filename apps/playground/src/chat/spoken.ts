// What a screen reader hears of a stream: whole sentences as they are complete, not every token.

/** A sentence's or a line's end, with the blank after it: without that, "3." might go on as "3.14". */
const END = /[.!?…:]["'”’)]*\s|\n/g;

/** The part of `text` after `from` that can be read out by now; all of it when the answer is `complete`. */
export function nextSpoken(text: string, from: number, complete: boolean): string {
  if (complete) return text.slice(from);
  let end = from;
  END.lastIndex = from;
  for (let match = END.exec(text); match; match = END.exec(text)) end = match.index + match[0].length;
  return text.slice(from, end);
}
