// Reads fields of a Hugging Face JSON file. The file is untrusted: every field is checked where it is read, and an error
// names the file, the field, what was found and what was expected.
import { readFileSync } from "node:fs";
import { OctavoError } from "@octavo/core";

const ADVICE = "Correct it, or download the file again.";
const NO_LABELS: ReadonlyMap<string, string> = new Map();
const LFS_POINTER = "version https://git-lfs.github.com/spec/";
const LFS_ADVICE = 'a git-lfs pointer, the file itself was not downloaded. Run "git lfs pull" in its folder.';

export interface NumberRange {
  /** The value when the field is absent or null. Without it the field is required. */
  readonly fallback?: number;
  readonly min: number;
  readonly max: number;
  /** Whether `min` itself is refused. */
  readonly aboveMin?: boolean;
}

/** A JSON object of a file, read field by field. An absent field and a null one are the same. */
export class ConfigReader {
  readonly file: string;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #labels: ReadonlyMap<string, string>;

  /** @param labels what fields are called in the file, where that is not their own name; nested ones as "outer.inner" */
  constructor(
    file: string,
    fields: Readonly<Record<string, unknown>>,
    path = "",
    labels: ReadonlyMap<string, string> = NO_LABELS,
  ) {
    this.file = file;
    this.#fields = fields;
    this.#path = path;
    this.#labels = labels;
  }

  /** What a field is called in the file. */
  label(name: string): string {
    const path = `${this.#path}${name}`;
    return this.#labels.get(path) ?? path;
  }

  /**
   * The same fields under other names.
   * @param names what a field is called in the file, by the name that it will be read by; a field that the file lacks keeps its name
   */
  renamed(names: Readonly<Record<string, string>>): ConfigReader {
    const fields = { ...this.#fields };
    const labels = new Map(this.#labels);
    for (const [name, own] of Object.entries(names)) {
      if (!this.has(own) && this.has(name)) continue;
      fields[name] = this.raw(own);
      labels.set(`${this.#path}${name}`, this.label(own));
    }
    return new ConfigReader(this.file, fields, this.#path, labels);
  }

  /** The same as if the file lacked a field. */
  without(name: string): ConfigReader {
    const { [name]: _, ...fields } = this.#fields;
    return new ConfigReader(this.file, fields, this.#path, this.#labels);
  }

  /**
   * The same with the fields of a nested object in place of the outer ones, but for `architectures`; unchanged where there is no such
   * object.
   */
  flattened(name: string): ConfigReader {
    const inner = this.object(name);
    if (inner === undefined) return this;
    const labels = new Map(this.#labels);
    for (const field of inner.keys()) labels.set(`${this.#path}${field}`, inner.label(field));
    const { architectures } = this.#fields;
    return new ConfigReader(this.file, { ...this.#fields, ...inner.#fields, architectures }, this.#path, labels);
  }

  /** @throws CHECKPOINT when the file cannot be read or is not a JSON object */
  static open(file: string): ConfigReader {
    let text = "";
    let parsed: unknown;
    try {
      text = readFileSync(file, "utf8");
      parsed = JSON.parse(text);
    } catch (cause) {
      const found = text.startsWith(LFS_POINTER) ? LFS_ADVICE : reason(cause);
      throw new OctavoError({ code: "CHECKPOINT", message: `${file}: ${found}`, param: file, cause });
    }
    if (isObject(parsed)) return new ConfigReader(file, parsed);
    throw new OctavoError({
      code: "CHECKPOINT",
      message: `${file} holds ${show(parsed)}, expected an object. ${ADVICE}`,
      param: file,
    });
  }

  /** The field as it stands; null when absent. */
  raw(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? null) : null;
  }

  has(name: string): boolean {
    return this.raw(name) !== null;
  }

  keys(): string[] {
    return Object.keys(this.#fields);
  }

  /** A whole number from 1 to `max`. */
  size(name: string, options: { readonly max: number; readonly fallback?: number }): number {
    return this.integer(name, { min: 1, ...options });
  }

  integer(name: string, { fallback, min, max }: NumberRange): number {
    const value = this.raw(name) ?? fallback;
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
    return this.fail(name, `a whole number from ${min} to ${max}`);
  }

  number(name: string, { fallback, min, max, aboveMin }: NumberRange): number {
    const value = this.raw(name) ?? fallback;
    const fits = typeof value === "number" && (aboveMin ? value > min : value >= min) && value <= max;
    return fits
      ? value
      : this.fail(name, `a number ${aboveMin ? "above" : "from"} ${min} ${aboveMin ? "and at most" : "to"} ${max}`);
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    return typeof value === "boolean" ? value : this.fail(name, "true or false");
  }

  string(name: string, fallback?: string): string {
    const value = this.raw(name) ?? fallback;
    return typeof value === "string" ? value : this.fail(name, "a text");
  }

  /** `count` numbers above 0. */
  factors(name: string, count: number): number[] {
    const value = this.raw(name);
    const fits = Array.isArray(value) && value.length === count && value.every((v) => Number.isFinite(v) && v > 0);
    return fits ? (value as number[]) : this.fail(name, `a list of ${count} numbers above 0`);
  }

  /** One token id or a list of them; undefined when the field is absent. */
  tokenIds(name: string): number[] | undefined {
    const value = this.raw(name);
    if (value === null) return Object.hasOwn(this.#fields, name) ? [] : undefined;
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    const fits = ids.every((id) => Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 31);
    return fits ? (ids as number[]) : this.fail(name, "a token id or a list of them");
  }

  /** A nested object, or undefined when absent. */
  object(name: string): ConfigReader | undefined {
    const value = this.raw(name);
    if (value === null) return undefined;
    if (isObject(value)) return new ConfigReader(this.file, value, `${this.#path}${name}.`, this.#labels);
    return this.fail(name, "an object");
  }

  /** @throws CHECKPOINT for a field that is not what was expected */
  fail(name: string, expected: string): never {
    const found = this.has(name) ? `is ${show(this.raw(name))}` : "is missing";
    const label = this.label(name);
    const message = `${this.file}: field "${label}" ${found}, expected ${expected}. ${ADVICE}`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: label });
  }

  /** @throws UNSUPPORTED for a field whose value is known, but not to Octavo */
  unsupported(name: string, supported: readonly string[]): never {
    const label = this.label(name);
    const message =
      `${this.file}: field "${label}" is ${show(this.raw(name))}, which Octavo does not support; ` +
      `it supports ${supported.join(", ")}`;
    throw new OctavoError({ code: "UNSUPPORTED", message, param: label });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "the file does not exist; a model folder in the Hugging Face layout has one";
  if (code === undefined) return `not valid JSON (${message}). ${ADVICE}`;
  return `cannot be read (${message}). It must be a file that this user may read.`;
}
