// Blocks on their way between host memory and the block file: what must be done on the device before bytes may be touched.
import type { Backend, DeviceEvent } from "@octavo/core";
import type { BlockFile } from "./block-file.js";

/** One block in flight. */
interface Filed {
  readonly isWrite: boolean;
  readonly block: number;
  readonly bytes: Uint8Array;
  /** Steps that were launched before its command; they may use the same memory. */
  readonly launched: number;
  /** Behind the copies that came with its command. */
  readonly event: DeviceEvent;
  slot: number;
  /** Of a read: whether the bytes are here, and right. */
  arrived: boolean;
  ok: boolean;
}

export class FiledBlocks implements Disposable {
  readonly #backend: Backend;
  readonly #file: BlockFile;
  readonly #inFlight = new Map<number, Filed>();
  readonly #events: DeviceEvent[] = [];

  constructor(backend: Backend, file: BlockFile) {
    this.#backend = backend;
    this.#file = file;
  }

  get size(): number {
    return this.#inFlight.size;
  }

  /**
   * Takes a command. The copies before it are enqueued, those after it are not.
   * @param bytes the host's block
   * @param launched steps so far
   */
  add(isWrite: boolean, block: number, bytes: Uint8Array, launched: number): void {
    const event = this.#events.pop() ?? this.#backend.createEvent();
    event.record();
    const filed = { isWrite, block, bytes, launched, event, slot: -1, arrived: false, ok: true };
    this.#inFlight.set(block, filed);
    if (isWrite) return;
    filed.slot = this.#file.takeSlot();
    this.#file.read(filed.slot, block);
  }

  /**
   * Moves on what can be moved on; never waits for a disk.
   * @param collected steps that are done
   * @param settle called for each block that has come or gone
   */
  poll(collected: number, settle: (block: number, ok: boolean) => void): void {
    for (let reply = this.#file.poll(); reply; reply = this.#file.poll()) {
      const filed = this.#inFlight.get(reply.block)!;
      filed.arrived = true;
      filed.ok = reply.ok;
    }
    for (const filed of this.#inFlight.values()) {
      if (filed.isWrite && filed.slot < 0 && filed.launched <= collected) this.#stage(filed);
      if (filed.arrived && (filed.isWrite || filed.launched <= collected)) this.#finish(filed, settle);
    }
  }

  #stage(filed: Filed): void {
    filed.event.wait();
    filed.slot = this.#file.takeSlot();
    this.#file.bytesOf(filed.slot).set(filed.bytes);
    this.#file.write(filed.slot, filed.block);
  }

  #finish({ isWrite, block, bytes, event, slot, ok }: Filed, settle: (block: number, ok: boolean) => void): void {
    if (!isWrite && ok) {
      event.wait();
      bytes.set(this.#file.bytesOf(slot));
    }
    this.#file.freeSlot(slot);
    this.#events.push(event);
    this.#inFlight.delete(block);
    settle(block, ok);
  }

  dispose(): void {
    this.#file.dispose();
    for (const { event } of this.#inFlight.values()) event.dispose();
    for (const event of this.#events) event.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
