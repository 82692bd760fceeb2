// A regular expression as a program over ASCII characters, for AsciiAutomaton. It takes the syntax that translateOniguruma writes; what it
// does not take stays with V8's regular expressions, so nothing here may be nearly right.

/** The characters that an atom matches: 1 at their codes. One longer than there are characters, for the text's end. */
export type AsciiSet = Uint8Array;

/** Places are indices into the program. */
export type Instruction =
  | { readonly kind: "character"; readonly set: AsciiSet; readonly next: number }
  /** The first is preferred. */
  | { readonly kind: "either"; first: number; readonly second: number }
  /** Goes on where the next character, or the text's end, is not in the set. */
  | { readonly kind: "notAhead"; readonly set: AsciiSet; readonly next: number }
  | { readonly kind: "match" };

export interface AsciiProgram {
  readonly instructions: readonly Instruction[];
  readonly start: number;
}

const ASCII = String.fromCharCode(...Array.from({ length: 128 }, (_, code) => code));
const SIMPLE_ATOM = /\\[pP]\{[^}]*\}|\\u\{[0-9a-f]+\}|[A-Za-z0-9]/y;
const QUANTIFIER = /([*+?])|\{(\d+)(,?)(\d*)\}/y;
/** Far above the counts in real patterns; each repetition is a copy. */
const MAX_COUNT = 64;

/** Adds a part of the pattern in front of what follows it. @returns where it begins */
type Part = (next: number) => number;

/** @param source in JavaScript's syntax with the v flag @returns null for syntax that is not taken */
export function compileAscii(source: string): AsciiProgram | null {
  try {
    return new Compiler(source).run();
  } catch (error) {
    if (error instanceof NotTaken) return null;
    throw error;
  }
}

class NotTaken extends Error {}

class Compiler {
  readonly #source: string;
  readonly #instructions: Instruction[] = [];
  readonly #sets = new Map<string, AsciiSet>();
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): AsciiProgram {
    const pattern = this.#alternatives();
    if (this.#at < this.#source.length) throw new NotTaken();
    return { start: pattern(this.#add({ kind: "match" })), instructions: this.#instructions };
  }

  #add(instruction: Instruction): number {
    return this.#instructions.push(instruction) - 1;
  }

  #alternatives(): Part {
    const parts: Part[] = [];
    do parts.push(this.#sequence());
    while (this.#takes("|"));
    const last = parts.pop()!;
    return (next) =>
      parts.reduceRight((second, part) => this.#add({ kind: "either", first: part(next), second }), last(next));
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (this.#at < this.#source.length && !"|)".includes(this.#source[this.#at]!)) parts.push(this.#quantified());
    return (next) => parts.reduceRight((following, part) => part(following), next);
  }

  #quantified(): Part {
    if (this.#takes("(?!")) return this.#notAhead();
    const isGroup = this.#takes("(?:");
    const part = isGroup ? this.#group() : this.#character();
    QUANTIFIER.lastIndex = this.#at;
    const found = QUANTIFIER.exec(this.#source);
    if (found === null) return part;
    this.#at = QUANTIFIER.lastIndex;
    // Lazy ones prefer other matches; what a group may match of nothing would never end.
    if (this.#source[this.#at] === "?" || (isGroup && found[1] !== "?")) throw new NotTaken();
    const [, sign, from, comma, to] = found;
    const least = sign === undefined ? Number(from) : sign === "+" ? 1 : 0;
    const most = sign === "?" ? 1 : sign || (comma && !to) ? Number.POSITIVE_INFINITY : Number(to || from);
    return this.#repeated(part, least, most);
  }

  #repeated(part: Part, least: number, most: number): Part {
    if (least > MAX_COUNT || (most > MAX_COUNT && most < Number.POSITIVE_INFINITY)) throw new NotTaken();
    return (next) => {
      let start = next;
      if (most === Number.POSITIVE_INFINITY) {
        const again = { kind: "either" as const, first: 0, second: next };
        start = this.#add(again);
        again.first = part(start);
      } else {
        for (let i = least; i < most; i++) start = this.#add({ kind: "either", first: part(start), second: next });
      }
      for (let i = 0; i < least; i++) start = part(start);
      return start;
    };
  }

  #group(): Part {
    const part = this.#alternatives();
    if (!this.#takes(")")) throw new NotTaken();
    return part;
  }

  #notAhead(): Part {
    const set = this.#set();
    if (!this.#takes(")")) throw new NotTaken();
    return (next) => this.#add({ kind: "notAhead", set, next });
  }

  #character(): Part {
    const set = this.#set();
    return (next) => this.#add({ kind: "character", set, next });
  }

  /** V8 itself says what an atom matches. */
  #set(): AsciiSet {
    const atom = this.#atom();
    let set = this.#sets.get(atom);
    if (set === undefined) {
      set = new Uint8Array(ASCII.length + 1);
      for (const { index } of ASCII.matchAll(new RegExp(atom, "gv"))) set[index] = 1;
      this.#sets.set(atom, set);
    }
    return set;
  }

  #atom(): string {
    const start = this.#at;
    if (this.#source[start] === "[") {
      let depth = 0;
      do {
        const char = this.#source[this.#at++];
        if (char === undefined) throw new NotTaken();
        if (char === "\\") this.#at += 1;
        else if (char === "[") depth += 1;
        else if (char === "]") depth -= 1;
      } while (depth > 0);
    } else {
      SIMPLE_ATOM.lastIndex = start;
      if (!SIMPLE_ATOM.test(this.#source)) throw new NotTaken();
      this.#at = SIMPLE_ATOM.lastIndex;
    }
    return this.#source.slice(start, this.#at);
  }

  #takes(text: string): boolean {
    const isHere = this.#source.startsWith(text, this.#at);
    if (isHere) this.#at += text.length;
    return isHere;
  }
}
