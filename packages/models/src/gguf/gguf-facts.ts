// What dialects look at in a file: keys of its architecture, and which tensors there are.
import type { GgufHeaders } from "@octavo/core";

/** Values of a list in messages. */
const SHOWN = 8;

export class GgufFacts {
  readonly path: string;
  /** `general.architecture` */
  readonly architecture: string;
  readonly #headers: GgufHeaders;

  constructor(headers: GgufHeaders, architecture: string) {
    this.path = headers.path;
    this.architecture = architecture;
    this.#headers = headers;
  }

  /** A key behind `<architecture>.` as JSON has it; undefined when absent. A list is cut: enough for an error message. */
  read(key: string): unknown {
    return plain(this.#headers.metadata.get(`${this.architecture}.${key}`));
  }

  /** {@link read} where it is a number. */
  number(key: string): number | undefined {
    const value = this.read(key);
    return typeof value === "number" ? value : undefined;
  }

  /** A whole list of numbers or flags. */
  list(key: string): number[] | undefined {
    const value = this.#headers.metadata.get(`${this.architecture}.${key}`);
    return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : undefined;
  }

  has(tensor: string): boolean {
    return this.#headers.tensors.has(tensor);
  }

  /** Layers, as a bound on untrusted counts has it. */
  get layers(): number {
    return Math.min(this.number("block_count") ?? 0, 2 ** 12);
  }

  /** Width of a head, where the keys say one. */
  get headDim(): number | undefined {
    const usual = (this.number("embedding_length") ?? 0) / (this.number("attention.head_count") ?? 1);
    return this.number("attention.key_length") ?? (Number.isInteger(usual) && usual > 0 ? usual : undefined);
  }
}

/** A metadata value as JSON has it. */
export function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from((value as Float64Array).subarray(0, SHOWN));
  return Array.isArray(value) ? value.slice(0, SHOWN) : value;
}
