// Calls that were sent and not answered yet.
import { OctavoError } from "@octavo/core";
import type { ControlReply } from "../core/control-calls.js";

interface Pending {
  resolve(value: unknown): void;
  reject(error: OctavoError): void;
}

export class PendingCalls {
  readonly #calls = new Map<number, Pending>();
  #lastNumber = 0;

  get size(): number {
    return this.#calls.size;
  }

  /** @param send posts the call under its number */
  add(send: (number: number) => void): Promise<unknown> {
    const number = ++this.#lastNumber;
    return new Promise((resolve, reject) => {
      this.#calls.set(number, { resolve, reject });
      send(number);
    });
  }

  answer(number: number, reply: ControlReply): void {
    const call = this.#calls.get(number);
    this.#calls.delete(number);
    if ("error" in reply) call?.reject(OctavoError.fromJSON(reply.error));
    else call?.resolve(reply.value);
  }

  /** No answer will come any more. */
  failAll(error: OctavoError): void {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}

export function disposedBeforeAnswer(): OctavoError {
  return new OctavoError({ code: "DISPOSED", message: "the engine was disposed before it answered" });
}
