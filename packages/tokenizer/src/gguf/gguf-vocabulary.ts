// The tokenizer's part of a GGUF file's metadata, checked where it is read. The file is untrusted input.
import { type GgufMetadata, OctavoError } from "@octavo/core";

/** What a token is for (`llama_token_type`). */
export const enum TokenKind {
  normal = 1,
  unknown = 2,
  control = 3,
  userDefined = 4,
  unused = 5,
  byte = 6,
}

/** Reads `tokenizer.*` keys. Every error names the file and the key. */
export class GgufVocabulary {
  readonly file: string;
  /** By id. */
  readonly tokens: readonly string[];
  /** A {@link TokenKind} for each token. */
  readonly kinds: ArrayLike<number>;
  readonly #metadata: GgufMetadata;

  /** @throws CHECKPOINT when the file has no vocabulary, or lists of different lengths */
  constructor(file: string, metadata: GgufMetadata) {
    this.file = file;
    this.#metadata = metadata;
    this.tokens = this.texts("tokenizer.ggml.tokens");
    const { length } = this.tokens;
    if (length === 0) this.fail("tokenizer.ggml.tokens", "at least one token");
    this.kinds = this.numbers("tokenizer.ggml.token_type", length) ?? new Uint8Array(length).fill(TokenKind.normal);
  }

  has(key: string): boolean {
    return this.#metadata.has(key);
  }

  text(key: string): string | undefined {
    const value = this.#metadata.get(key);
    return value === undefined || typeof value === "string" ? value : this.fail(key, "a text");
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.#metadata.get(key) ?? fallback;
    return typeof value === "boolean" ? value : this.fail(key, "true or false");
  }

  /** A list of texts; an empty one when it is absent. */
  texts(key: string): readonly string[] {
    const value = this.#metadata.get(key) ?? [];
    const fits = Array.isArray(value) && value.every((entry) => typeof entry === "string");
    return fits ? (value as readonly string[]) : this.fail(key, "a list of texts");
  }

  /** As many numbers as there are tokens; undefined when they are absent. */
  numbers(key: string, length: number): ArrayLike<number> | undefined {
    const value = this.#metadata.get(key);
    if (value === undefined) return undefined;
    return ArrayBuffer.isView(value) && value.length === length ? value : this.fail(key, `a list of ${length} numbers`);
  }

  /** A list of bytes; undefined when it is absent. */
  bytes(key: string): Uint8Array | undefined {
    const value = this.#metadata.get(key);
    if (value === undefined || value instanceof Uint8Array) return value;
    return value instanceof Int8Array ? Uint8Array.from(value) : this.fail(key, "a list of bytes");
  }

  /** The token that a key names by its id; undefined when the key is absent, or says "none" by an id beyond the vocabulary. */
  token(key: string): string | undefined {
    const value = this.#metadata.get(key);
    if (value === undefined) return undefined;
    return typeof value === "number" && Number.isSafeInteger(value) ? this.tokens[value] : this.fail(key, "a token id");
  }

  /** @throws CHECKPOINT */
  fail(key: string, expected: string): never {
    const found = this.#metadata.has(key) ? `is ${show(this.#metadata.get(key))}` : "is missing";
    const message = `${this.file}: metadata key "${key}" ${found}, expected ${expected}. Download the file again.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: key });
  }

  /** @throws UNSUPPORTED */
  unsupported(key: string, supported: readonly string[]): never {
    const message =
      `${this.file}: metadata key "${key}" is ${show(this.#metadata.get(key))}, which Octavo does not support; ` +
      `it supports ${supported.join(", ")}. --skip-tokenizer-init runs the model on token ids alone.`;
    throw new OctavoError({ code: "UNSUPPORTED", message, param: key });
  }
}

function show(value: unknown): string {
  if (typeof value === "object") return "a list";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 64)) : String(value);
}
