// `loop` in a for loop. It reads its items one ahead, and all of them only where the template asks how many there are.
import { equals } from "./comparison.js";
import { iterate, optionalLength } from "./sequences.js";
import { type Arguments, Callable, PyObject, Tuple, Undefined, type Value } from "./values.js";

/** Renders the loop's body for other items, one level deeper. */
export type Recurse = (items: Value, depth: number) => Value;

export class Loop extends PyObject {
  readonly typeName = "LoopContext";
  readonly #items: Value;
  readonly #recurse: Recurse | null;
  readonly #depth: number;
  #source: Iterator<Value>;
  #length: number | undefined;
  #index = -1;
  #previous: Value | undefined;
  #current: Value | undefined;
  /** What was read ahead; null at the end. */
  #ahead: { readonly item: Value } | null | undefined;
  #changed: Value | undefined;

  /** @param recurse of a loop that is marked `recursive` */
  constructor(items: Value, recurse: Recurse | null, depth: number) {
    super();
    this.#items = items;
    this.#source = iterate(items)[Symbol.iterator]();
    this.#recurse = recurse;
    this.#depth = depth;
  }

  /** @returns the next item; undefined at the end */
  next(): Value | undefined {
    const found = this.#peek();
    this.#ahead = undefined;
    if (found === null) return undefined;
    this.#index += 1;
    this.#previous = this.#current;
    this.#current = found.item;
    return found.item;
  }

  override readonly call = ({ positional: [items = null] }: Arguments): Value => {
    if (!this.#recurse) throw new Error("The loop must have the 'recursive' marker to be called recursively.");
    return this.#recurse(items, this.#depth + 1);
  };

  override text(): string {
    return `<LoopContext ${this.#index + 1}/${this.#count()}>`;
  }

  attribute(name: string): Value | undefined {
    switch (name) {
      case "index0":
        return BigInt(this.#index);
      case "index":
        return BigInt(this.#index + 1);
      case "revindex0":
        return BigInt(this.#count() - this.#index - 1);
      case "revindex":
        return BigInt(this.#count() - this.#index);
      case "first":
        return this.#index === 0;
      case "last":
        return this.#peek() === null;
      case "length":
        return BigInt(this.#count());
      case "depth0":
        return BigInt(this.#depth);
      case "depth":
        return BigInt(this.#depth + 1);
      case "previtem":
        return this.#index === 0 ? new Undefined("there is no previous item") : this.#previous;
      case "nextitem":
        return this.#peek()?.item ?? (this.#peek() ? null : new Undefined("there is no next item"));
      case "cycle":
        return new Callable(name, ({ positional }) => this.#cycle(positional));
      case "changed":
        return new Callable(name, ({ positional }) => this.#hasChanged(new Tuple(positional)));
      default:
        return undefined;
    }
  }

  #cycle(items: readonly Value[]): Value {
    if (items.length === 0) throw new Error("no items for cycling given");
    return items[this.#index % items.length]!;
  }

  #hasChanged(values: Tuple): boolean {
    const isSame = this.#changed !== undefined && equals(this.#changed, values);
    this.#changed = values;
    return !isSame;
  }

  #peek(): { readonly item: Value } | null {
    if (this.#ahead === undefined) {
      const { done, value } = this.#source.next();
      this.#ahead = done ? null : { item: value };
    }
    return this.#ahead;
  }

  #count(): number {
    this.#length ??= optionalLength(this.#items) ?? this.#readAll();
    return this.#length;
  }

  #readAll(): number {
    const left = [...{ [Symbol.iterator]: () => this.#source }];
    this.#source = left[Symbol.iterator]();
    return this.#index + 1 + (this.#ahead ? 1 : 0) + left.length;
  }
}
