// Cuts a text where something matches, in the ways that tokenizers calls SplitDelimiterBehavior.

/** What becomes of a match. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/** A piece of the text, and whether nothing stands before it. */
export interface Section {
  readonly text: string;
  /** Whether it begins where the whole text begins. */
  readonly atStart: boolean;
}

/** @returns the behavior that tokenizer.json names, in either spelling @throws Error for any other name */
export function splitBehavior(name: string | undefined, fallback: SplitBehavior): SplitBehavior {
  if (name === undefined) return fallback;
  const known = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;
  const found = known.find((behavior) => behavior.toLowerCase() === name.replaceAll("_", "").toLowerCase());
  if (!found) throw new Error(`the behavior ${JSON.stringify(name)} is unknown`);
  return found;
}

/** @param pattern global @param invert: what the pattern leaves counts as matches, and the other way round */
export function splitText(section: Section, pattern: RegExp, behavior: SplitBehavior, invert = false): Section[] {
  const { text, atStart } = section;
  const sections: Section[] = [];
  const add = (from: number, to: number): void => {
    if (to > from) sections.push({ text: text.slice(from, to), atStart: atStart && from === 0 });
  };
  let from = 0;
  let wasMatch = false;
  for (const { start, end, isMatch } of stretches(text, pattern)) {
    const counts = isMatch !== invert;
    switch (behavior) {
      case "Removed":
        if (!counts) add(start, end);
        break;
      case "Isolated":
        add(start, end);
        break;
      case "Contiguous":
        if (start > 0 && counts !== wasMatch) {
          add(from, start);
          from = start;
        }
        break;
      case "MergedWithPrevious":
        // A match ends a section; a second one in a row is a section of its own.
        if (counts && !wasMatch) {
          add(from, end);
          from = end;
        } else if (counts) {
          add(start, end);
          from = end;
        }
        break;
      case "MergedWithNext":
        if (counts) {
          add(from, start);
          from = start;
        }
        break;
    }
    wasMatch = counts;
  }
  if (behavior !== "Removed" && behavior !== "Isolated") add(from, text.length);
  return sections;
}

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly isMatch: boolean;
}

function* stretches(text: string, pattern: RegExp): Generator<Stretch> {
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    if (end === match.index) continue;
    if (match.index > from) yield { start: from, end: match.index, isMatch: false };
    yield { start: match.index, end, isMatch: true };
    from = end;
  }
  if (from < text.length) yield { start: from, end: text.length, isMatch: false };
}
