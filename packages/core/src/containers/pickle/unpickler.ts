// Reads a pickle without running what it says: values, containers, and the few names of torch-globals. Protocols 2 to 5.
// Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py. The file is untrusted input.
import { type Fail, quoted } from "./fail.js";
import { PickleBytes, type PickleHead } from "./pickle-bytes.js";
import { TorchDType, TorchGlobal, torchGlobal } from "./torch-globals.js";

/** Lists, dictionaries and tuples, which take many times the bytes that make them. */
const MAX_CONTAINERS = 1_000_000;
/** Values on the stack and in the memo, one byte each at least: 100,000 tensors have about as many. */
const MAX_VALUES = 4_000_000;
const MAX_PROTOCOL = 5;
/** In place of a memo entry that was left out. */
const MISSING = Symbol("missing");

/** A pickle that was read. */
export interface Unpickled {
  /** Lists and tuples are arrays, dictionaries Maps, bytes Uint8Arrays, None null. */
  readonly value: unknown;
  /** Where the pickle ends, from where its head begins. */
  readonly end: number;
}

/** Makes what a persistent id stands for. */
export type PersistentLoad = (id: unknown) => unknown;

/** @throws CHECKPOINT, by `fail` */
export function unpickle(head: PickleHead, start: number, persistentLoad: PersistentLoad, fail: Fail): Unpickled {
  return new Unpickler(new PickleBytes(head, start, fail), persistentLoad, fail).run();
}

class Unpickler {
  readonly #bytes: PickleBytes;
  readonly #persistentLoad: PersistentLoad;
  readonly #fail: Fail;
  /** Numbered from 0 on without gaps by all that write pickles: a Map would be many times slower. */
  readonly #memo: unknown[] = [];
  /** The stacks below the marks. */
  readonly #marked: unknown[][] = [];
  #stack: unknown[] = [];
  #containers = 0;
  #values = 0;

  constructor(bytes: PickleBytes, persistentLoad: PersistentLoad, fail: Fail) {
    this.#bytes = bytes;
    this.#persistentLoad = persistentLoad;
    this.#fail = fail;
  }

  run(): Unpickled {
    for (;;) {
      const at = this.#bytes.position;
      const opcode = this.#bytes.u8();
      if (opcode === 0x2e) return { value: this.#pop(), end: this.#bytes.position };
      if (!this.#value(opcode) && !this.#container(opcode) && !this.#reference(opcode)) {
        const shown = opcode > 32 && opcode < 127 ? ` ("${String.fromCharCode(opcode)}")` : "";
        this.#fail(`its pickle has opcode 0x${opcode.toString(16)}${shown} at byte ${at}, which no checkpoint needs`);
      }
    }
  }

  /** Opcodes that push a value which stands in the pickle. */
  #value(opcode: number): boolean {
    const bytes = this.#bytes;
    switch (opcode) {
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(bytes.u8());
      case 0x4d: // BININT2
        return this.#push(bytes.u16());
      case 0x4a: // BININT
        return this.#push(bytes.i32());
      case 0x8a: // LONG1
        return this.#push(bytes.integer(bytes.u8()));
      case 0x8b: // LONG4
        return this.#push(bytes.integer(bytes.u32()));
      case 0x47: // BINFLOAT
        return this.#push(bytes.f64());
      case 0x58: // BINUNICODE
        return this.#push(bytes.text(bytes.u32()));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(bytes.text(bytes.u8()));
      case 0x8d: // BINUNICODE8
        return this.#push(bytes.text(bytes.u64()));
      case 0x54: // BINSTRING, of Python 2
        return this.#push(bytes.text(bytes.u32()));
      case 0x55: // SHORT_BINSTRING
        return this.#push(bytes.text(bytes.u8()));
      case 0x42: // BINBYTES
        return this.#push(bytes.bytes(bytes.u32()));
      case 0x43: // SHORT_BINBYTES
        return this.#push(bytes.bytes(bytes.u8()));
      default:
        return false;
    }
  }

  /** Opcodes that make tuples, lists and dictionaries, and put things into them. */
  #container(opcode: number): boolean {
    switch (opcode) {
      case 0x28: // MARK
        this.#count();
        this.#marked.push(this.#stack);
        this.#stack = [];
        return true;
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        return this.#pushContainer([]);
      case 0x7d: // EMPTY_DICT
        return this.#pushContainer(new Map());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#pushContainer(this.#popMany(opcode - 0x84));
      case 0x74: // TUPLE
      case 0x6c: // LIST
        return this.#pushContainer(this.#popMark());
      case 0x64: // DICT
        return this.#pushContainer(this.#setItems(new Map(), this.#popMark()));
      case 0x61: // APPEND
        return this.#append([this.#pop()]);
      case 0x65: // APPENDS
        return this.#append(this.#popMark());
      case 0x73: // SETITEM
        return this.#set(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#set(this.#popMark());
      default:
        return false;
    }
  }

  /** Opcodes of names, calls, the memo and the stack itself. */
  #reference(opcode: number): boolean {
    const bytes = this.#bytes;
    switch (opcode) {
      case 0x80: {
        const protocol = bytes.u8();
        return (
          protocol <= MAX_PROTOCOL ||
          this.#fail(`its pickle has protocol ${protocol}, at most ${MAX_PROTOCOL} is known`)
        );
      }
      case 0x95: // FRAME
        bytes.u64();
        return true;
      case 0x71: // BINPUT
        return this.#remember(bytes.u8());
      case 0x72: // LONG_BINPUT
        return this.#remember(bytes.u32());
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.length);
      case 0x68: // BINGET
        return this.#recall(bytes.u8());
      case 0x6a: // LONG_BINGET
        return this.#recall(bytes.u32());
      case 0x30: // POP
        this.#pop();
        return true;
      case 0x32: // DUP
        return this.#push(this.#top());
      case 0x31: // POP_MARK
        this.#popMark();
        return true;
      case 0x63: // GLOBAL
        return this.#global(bytes.line(), bytes.line());
      case 0x93: {
        const [module, name] = this.#popMany(2);
        return this.#global(module, name);
      }
      case 0x51: // BINPERSID
        return this.#push(this.#persistentLoad(this.#pop()));
      case 0x52: // REDUCE
      case 0x81: {
        const [callable, args] = this.#popMany(2);
        return this.#call(callable, args);
      }
      case 0x62: // BUILD: attributes, which no value here has
        this.#pop();
        this.#top();
        return true;
      default:
        return false;
    }
  }

  #global(module: unknown, name: unknown): boolean {
    if (typeof module !== "string" || typeof name !== "string") this.#fail("a name in its pickle is no text");
    const full = `${module}.${name}`;
    const found = torchGlobal(full);
    if (found !== undefined) return this.#push(found);
    return this.#fail(
      `global ${full.slice(0, 128)} is not allowed: this file would run code, or holds more than tensors`,
      "Take the model's safetensors files, or convert it where you trust it: save_file of the Python package safetensors.",
    );
  }

  #call(callable: unknown, args: unknown): boolean {
    const name = callable instanceof TorchGlobal || callable instanceof TorchDType ? callable.name : typeof callable;
    const call = callable instanceof TorchGlobal ? callable.call : undefined;
    if (call === undefined || !Array.isArray(args))
      this.#fail(`its pickle calls ${name}, which is no function of tensors`);
    return this.#pushContainer(call(args));
  }

  #append(values: unknown[]): boolean {
    const list = this.#top();
    if (!Array.isArray(list)) this.#fail("its pickle appends to what is no list");
    for (const value of values) list.push(value);
    return true;
  }

  #set(pairs: unknown[]): boolean {
    const dict = this.#top();
    if (!(dict instanceof Map)) this.#fail("its pickle puts items into what is no dictionary");
    this.#setItems(dict, pairs);
    return true;
  }

  #setItems(dict: Map<unknown, unknown>, pairs: unknown[]): Map<unknown, unknown> {
    if (pairs.length % 2 !== 0) this.#fail("its pickle has a dictionary with a key that has no value");
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i];
      if (typeof key === "string" && dict.has(key)) this.#fail(`its pickle has ${quoted(key)} twice in a dictionary`);
      dict.set(key, pairs[i + 1]);
    }
    return dict;
  }

  #remember(index: number): boolean {
    const value = this.#top();
    for (let gap = this.#memo.length; gap < index; gap++) {
      this.#countValue();
      this.#memo.push(MISSING);
    }
    this.#countValue();
    this.#memo[index] = value;
    return true;
  }

  #recall(index: number): boolean {
    const value = index < this.#memo.length ? this.#memo[index] : MISSING;
    if (value === MISSING) this.#fail(`its pickle refers to entry ${index} of its memo, which does not exist`);
    return this.#push(value);
  }

  #pushContainer(value: unknown): boolean {
    this.#count();
    return this.#push(value);
  }

  #count(): void {
    if (++this.#containers > MAX_CONTAINERS)
      this.#fail(`its pickle makes more than ${MAX_CONTAINERS} lists and tuples`);
  }

  #countValue(): void {
    if (++this.#values > MAX_VALUES) this.#fail(`its pickle makes more than ${MAX_VALUES} values`);
  }

  #push(value: unknown): boolean {
    this.#countValue();
    this.#stack.push(value);
    return true;
  }

  #top(): unknown {
    if (this.#stack.length === 0) this.#fail("its pickle takes a value from an empty stack");
    return this.#stack.at(-1);
  }

  #pop(): unknown {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): unknown[] {
    if (this.#stack.length < count) this.#fail("its pickle takes a value from an empty stack");
    return this.#stack.splice(-count);
  }

  #popMark(): unknown[] {
    const values = this.#stack;
    this.#stack = this.#marked.pop() ?? this.#fail("its pickle ends a list that was not begun");
    return values;
  }
}
