// Regular expressions of tokenizer.json (Oniguruma, Ruby's syntax) as JavaScript's with the v flag. What has no exact counterpart is
// refused, so that no text is ever cut in another way than the model's authors did.
import { ANCHORS, BRACKETS, CLASSES, WORDS } from "./oniguruma-classes.js";

const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 };
const GROUPS = ["(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"] as const;
const PROPERTY = /^\\([pP])\{(\^?)([A-Za-z_]+)\}/;
const CODE = /^\\(?:x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/;
const NAME = /^\(\?<[A-Za-z_]\w*>/;
const BRACKET = /^\[:(\^?)([a-z]+):\]/;
const QUANTIFIER = /^(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})/;

/**
 * @returns a pattern for `new RegExp(pattern, "v")`
 * @throws Error for syntax that is not translated
 */
export function translateOniguruma(source: string): string {
  return new Translation(source).run();
}

interface OpenGroup {
  /** Where it begins in the output. */
  readonly start: number;
  readonly foldsCase: boolean;
  /** What closes it. */
  readonly close: string;
}

class Translation {
  readonly #source: string;
  #at = 0;
  #output = "";
  /** Where the last thing that a quantifier may follow begins in the output; -1: nothing. */
  #atom = -1;
  #foldsCase = false;
  #atomics = 0;
  readonly #open: OpenGroup[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  run(): string {
    while (this.#at < this.#source.length) this.#part();
    if (this.#open.length > 0) this.#refuse("a group without an end");
    return this.#output;
  }

  #part(): void {
    const char = this.#char();
    const quantifier = QUANTIFIER.exec(this.#rest());
    if (quantifier) this.#quantify(quantifier[0]);
    else if (char === "(") this.#openGroup();
    else if (char === ")") this.#closeGroup();
    else if (char === "[") this.#emit(this.#class());
    else if (char === "|") this.#separate();
    else if (char === "\\" && ANCHORS[this.#rest()[1] ?? ""]) this.#anchor();
    else if (char === ".") this.#take(char, "[^\\n]");
    else if (char === "^") this.#take(char, "(?:(?<![\\s\\S])|(?<=\\n))");
    else if (char === "$") this.#take(char, "(?:(?![\\s\\S])|(?=\\n))");
    else this.#emit(this.#atomText());
  }

  #anchor(): void {
    this.#output += ANCHORS[this.#rest()[1]!]!;
    this.#at += 2;
    this.#atom = -1;
  }

  #openGroup(): void {
    if (this.#at === 0 && this.#rest().startsWith("(?i)")) {
      this.#foldsCase = true;
      this.#at += 4;
      return;
    }
    // Nothing can refer to a name, so that it does not matter.
    const name = NAME.exec(this.#rest())?.[0];
    const opening = name ?? GROUPS.find((group) => this.#rest().startsWith(group));
    if (opening === undefined && this.#source[this.#at + 1] === "?") this.#refuse("this kind of group");
    const isAtomic = opening === "(?>";
    const label = isAtomic ? `a${this.#atomics++}` : "";
    this.#open.push({
      start: this.#output.length,
      foldsCase: this.#foldsCase,
      close: isAtomic ? `))\\k<${label}>)` : ")",
    });
    if (opening === "(?i:") this.#foldsCase = true;
    // What a lookahead has matched it does not match in another way.
    if (isAtomic) this.#output += `(?:(?=(?<${label}>`;
    else this.#output += opening === undefined || opening === name || opening === "(?i:" ? "(?:" : opening;
    this.#at += opening?.length ?? 1;
    this.#atom = -1;
  }

  #closeGroup(): void {
    const group = this.#open.pop() ?? this.#refuse("a group without a beginning");
    this.#at += 1;
    this.#output += group.close;
    this.#atom = group.start;
    this.#foldsCase = group.foldsCase;
  }

  #separate(): void {
    this.#at += 1;
    this.#output += "|";
    this.#atom = -1;
  }

  #quantify(found: string): void {
    if (this.#atom < 0) this.#refuse("a quantifier of nothing");
    this.#at += found.length;
    const quantifier = found.startsWith("{,") ? `{0${found.slice(1)}` : found;
    const isRange = found.startsWith("{");
    const atom = this.#output.slice(this.#atom);
    const follower = this.#source[this.#at];
    if (follower === "?") {
      // After a range of one number Ruby means "perhaps".
      if (isRange && !found.includes(",")) this.#refuse("a lazy count");
      this.#at += 1;
      this.#output += `${quantifier}?`;
    } else if (follower === "+" && !isRange) {
      this.#at += 1;
      this.#output = this.#output.slice(0, this.#atom) + this.#possessive(atom + quantifier);
    } else if (follower === "+" || follower === "*") {
      // Ruby: a range has no possessive form, so this is a quantifier of the whole.
      this.#output = `${this.#output.slice(0, this.#atom)}(?:${atom}${quantifier})`;
      return;
    } else {
      this.#output += quantifier;
    }
    if (QUANTIFIER.test(this.#rest())) this.#refuse("two quantifiers");
    this.#atom = -1;
  }

  /** At the end of a top alternative nothing can fail that would make it give back. */
  #possessive(text: string): string {
    const next = this.#source[this.#at];
    if (this.#open.length === 0 && (next === undefined || next === "|")) return text;
    const name = `a${this.#atomics++}`;
    return `(?:(?=(?<${name}>${text}))\\k<${name}>)`;
  }

  /** A class, `this.#at` at its bracket. */
  #class(): string {
    const start = this.#at;
    this.#at += 1;
    const isNegated = this.#char() === "^";
    if (isNegated) this.#at += 1;
    const operands = [""];
    while (this.#char() !== "]" || operands.at(-1) === "") {
      if (this.#at >= this.#source.length) this.#refuse("a class without an end");
      if (this.#rest().startsWith("&&")) {
        this.#at += 2;
        operands.push("");
      } else {
        operands[operands.length - 1] += this.#classMember();
      }
      if (this.#at - start > 4096) this.#refuse("so long a class");
    }
    this.#at += 1;
    const members = operands.length === 1 ? operands[0] : operands.map((operand) => `[${operand}]`).join("&&");
    return `[${isNegated ? "^" : ""}${members}]`;
  }

  #classMember(): string {
    const char = this.#char();
    if (char === "]") this.#refuse("a class that is empty, or begins with a bracket");
    if (char === "[") return this.#bracket() ?? this.#class();
    const set = this.#set(true);
    if (set !== null) return set;
    const first = this.#codePoint();
    const isRange = this.#char() === "-" && this.#source[this.#at + 1] !== "]" && !this.#rest().startsWith("-&&");
    if (!isRange) return this.#foldsCase ? folded(first).map(literal).join("") : literal(first);
    this.#at += 1;
    if (this.#char() === "[" || this.#set(true) !== null) this.#refuse("a range that ends in a set");
    const last = this.#codePoint();
    if (last < first) this.#refuse("a range backwards");
    if (this.#foldsCase) this.#refuse("a range that ignores case");
    return `${literal(first)}-${literal(last)}`;
  }

  /** `[:alpha:]` and the like; null: something else, and nothing is taken. */
  #bracket(): string | null {
    const found = BRACKET.exec(this.#rest());
    if (found === null) return null;
    const members = BRACKETS[found[2]!] ?? this.#refuse(`the class ${found[0]}`);
    if (this.#foldsCase) this.#refuse("a class that ignores case");
    this.#at += found[0].length;
    return `[${found[1]}${members}]`;
  }

  /** `\s`, `\p{L}` and the like; null: something else, and nothing is taken. */
  #set(isInClass: boolean): string | null {
    if (this.#char() !== "\\") return null;
    const property = PROPERTY.exec(this.#rest());
    if (property) {
      if (this.#foldsCase) this.#refuse("a property that ignores case");
      const isNegated = (property[1] === "P") !== (property[2] === "^");
      this.#at += property[0].length;
      return `\\${isNegated ? "P" : "p"}{${this.#propertyName(property[3]!)}}`;
    }
    const name = this.#source[this.#at + 1] ?? "";
    const set = (isInClass ? undefined : WORDS[name]) ?? CLASSES[name];
    if (set !== undefined) this.#at += 2;
    return set ?? null;
  }

  #propertyName(name: string): string {
    for (const known of [name, `Script=${name}`]) if (isProperty(known)) return known;
    return this.#refuse(`the property ${name}`);
  }

  #atomText(): string {
    const set = this.#set(false);
    if (set !== null) return set;
    const code = this.#codePoint();
    if (!this.#foldsCase) return literal(code);
    const codes = folded(code);
    return codes.length === 1 ? literal(code) : `[${codes.map(literal).join("")}]`;
  }

  /** One character, as itself or escaped. */
  #codePoint(): number {
    const code = CODE.exec(this.#rest());
    if (code) {
      this.#at += code[0].length;
      return Number.parseInt(code[1] ?? code[2] ?? code[3]!, 16);
    }
    if (this.#char() === "\\") {
      const escaped = this.#source[this.#at + 1] ?? this.#refuse("a backslash at the end");
      const control = CONTROLS[escaped];
      if (control === undefined && /[A-Za-z0-9]/.test(escaped)) this.#refuse(`\\${escaped}`);
      this.#at += 1;
      if (control !== undefined) {
        this.#at += 1;
        return control;
      }
    }
    const point = this.#source.codePointAt(this.#at)!;
    this.#at += point > 0xffff ? 2 : 1;
    return point;
  }

  #take(char: string, text: string): void {
    this.#at += char.length;
    this.#emit(text);
  }

  #emit(text: string): void {
    this.#atom = this.#output.length;
    this.#output += text;
  }

  #char(): string {
    return this.#source[this.#at] ?? "";
  }

  #rest(): string {
    return this.#source.slice(this.#at);
  }

  #refuse(what: string): never {
    throw new Error(`the regular expression ${JSON.stringify(this.#source)} has ${what} at ${this.#at}`);
  }
}

/** A text as a pattern that matches it. */
export function translateLiteral(text: string): string {
  return Array.from(text, (char) => literal(char.codePointAt(0)!)).join("");
}

/** A character as itself where nothing can mistake it for syntax. */
function literal(code: number): string {
  const char = String.fromCodePoint(code);
  return /[A-Za-z0-9]/.test(char) ? char : `\\u{${code.toString(16)}}`;
}

/** The characters that are equal to this one when case does not count. */
function folded(code: number): number[] {
  const char = String.fromCodePoint(code);
  const others = /^[\0-\x7f]$/.test(char)
    ? [char.toLowerCase(), char.toUpperCase(), ...(FOLDED_TO_ASCII[char.toLowerCase()] ?? "")]
    : [char];
  if (others.length === 1 && char.toLowerCase() !== char.toUpperCase()) {
    throw new Error(`the case of ${JSON.stringify(char)}`);
  }
  return [...new Set(others.map((other) => other.codePointAt(0)!))];
}

/** Long s and the Kelvin sign. */
const FOLDED_TO_ASCII: Readonly<Record<string, string>> = { s: "\u017f", k: "\u212a" };

function isProperty(name: string): boolean {
  try {
    new RegExp(`\\p{${name}}`, "v");
    return true;
  } catch {
    return false;
  }
}
