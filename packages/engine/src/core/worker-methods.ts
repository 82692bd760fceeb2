// What collectiveRpc can call: the engine's own methods, and those of an extension that the user loads into the engine's thread.
import { type Backend, checkArgument, OctavoError } from "@octavo/core";
import type { CausalLM } from "@octavo/models";
import type { ResetPrefixCacheOptions } from "../engine.js";

/** What an extension's constructor gets. Between two calls the engine computes with all of this; within one it stands still. */
export interface WorkerContext {
  readonly rank: number;
  readonly worldSize: number;
  readonly backend: Backend;
  readonly model: CausalLM;
  /** State, counters and, with a latency target, the learnt costs of a step. */
  getStats(): object;
  /** Forgets all cached content, for example because weights changed. Running requests keep theirs, unless asked not to. */
  resetPrefixCache(options?: ResetPrefixCacheOptions): boolean;
  /** @throws INTERNAL when the scheduler's or the KV cache's books are wrong */
  checkInvariants(): void;
}

/** A class of the user's own, vLLM's worker extension: each of its methods can be called. They must be synchronous. */
export type WorkerExtension = new (context: WorkerContext) => object;

/** Methods that every engine has. */
const OWN = ["getStats", "resetPrefixCache", "checkInvariants"] as const;

export class WorkerMethods {
  readonly #context: WorkerContext;
  readonly #extension: object | undefined;

  constructor(context: WorkerContext, Extension?: WorkerExtension) {
    this.#context = context;
    this.#extension = Extension && new Extension(context);
  }

  /**
   * Calls a method; `reset_prefix_cache` is `resetPrefixCache`. What an extension has goes before the engine's own.
   * @param kwargs where given, the last argument
   * @throws INVALID_ARGUMENT for a method that there is not; INTERNAL with the message of what it threw
   */
  call(method: string, args: readonly unknown[], kwargs?: object): unknown {
    const [receiver, name] = this.#find(method);
    let result: unknown;
    try {
      result = (receiver as Record<string, (...args: unknown[]) => unknown>)[name]!(
        ...args,
        ...(kwargs === undefined ? [] : [kwargs]),
      );
    } catch (error) {
      if (OctavoError.isInstance(error)) throw error;
      const message = `${method} failed: ${error instanceof Error ? error.message : String(error)}`;
      throw new OctavoError({ code: "INTERNAL", message });
    }
    // This thread does not return to its event loop between steps, so that no promise would ever settle.
    const isPromise = typeof (result as PromiseLike<unknown> | null | undefined)?.then === "function";
    if (!isPromise) return result;
    throw new OctavoError({ code: "UNSUPPORTED", message: `${method} returns a promise: it must be synchronous` });
  }

  #find(method: string): [object, string] {
    const camelCase = method.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const extension = this.#extension;
    for (const name of [method, camelCase]) if (extension && isMethod(extension, name)) return [extension, name];
    const known = extension ? [...methodsOf(extension), ...OWN] : OWN;
    checkArgument(
      (OWN as readonly string[]).includes(camelCase),
      `there is no method ${JSON.stringify(method.slice(0, 100))} to call; there are ${known.join(", ")}`,
      "method",
    );
    return [this.#context, camelCase];
  }
}

function isMethod(object: object, name: string): boolean {
  return methodsOf(object).includes(name);
}

/** Of its class and those it extends, and functions among its own fields. Names with an underscore in front are private. */
function methodsOf(object: object): string[] {
  const names = new Set<string>();
  for (let level: object | null = object; level && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === "function" && name !== "constructor" && !name.startsWith("_")) names.add(name);
    }
  }
  return [...names];
}
