// Time as the GPU sees it: events on the stream with timestamps, and what only measurements enqueue.
import { addressOf, checkArgument, type Tensor } from "@octavo/core";
import type { NativeAddon } from "./native.js";

/** A point in the stream whose time the GPU notes. */
export class TimingEvent implements Disposable {
  /** As native calls name it. */
  readonly id: number;
  readonly #native: NativeAddon;
  readonly #backend: number;
  readonly #isOpen: () => boolean;

  constructor(native: NativeAddon, backend: number, isOpen: () => boolean) {
    this.#native = native;
    this.#backend = backend;
    this.#isOpen = isOpen;
    this.id = native.createEvent(backend, 1);
  }

  /** Enqueues the event; it is reached when everything enqueued before is done. */
  record(): void {
    this.#native.recordEvent(this.#backend, this.id);
  }

  /** A backend that was disposed has freed its events. */
  dispose(): void {
    if (this.#isOpen()) this.#native.disposeEvent(this.#backend, this.id);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What one backend's stream is measured with. */
export class DeviceTiming {
  readonly #native: NativeAddon;
  readonly #backend: number;
  readonly #isOpen: () => boolean;

  constructor(native: NativeAddon, backend: number, isOpen: () => boolean) {
    this.#native = native;
    this.#backend = backend;
    this.#isOpen = isOpen;
  }

  createEvent(): TimingEvent {
    return new TimingEvent(this.#native, this.#backend, this.#isOpen);
  }

  /** Microseconds of GPU time between two recorded events; waits for `end`. Resolution about half a microsecond. */
  elapsed(start: TimingEvent, end: TimingEvent): number {
    return this.#native.elapsedMicroseconds(this.#backend, start.id, end.id);
  }

  /**
   * Keeps the stream busy for at least `microseconds` (at most a second). What is enqueued meanwhile runs without the gaps of a
   * stream that waits for the host; the driver takes about a thousand launches ahead.
   */
  delay(microseconds: number): void {
    this.#native.delay(this.#backend, Math.ceil(microseconds));
  }

  /**
   * Enqueues one read of a tensor in GPU memory, as fast as the GPU reads.
   * @param sum int32 [1]: the tensor's 32-bit words are added to it, modulo 2^32
   * @param byteLength a multiple of 16, as the tensor's address
   */
  readProbe(sum: Tensor, data: Tensor, byteLength: number): void {
    for (const [{ storage, byteOffset }, bytes] of [
      [sum, 4],
      [data, byteLength],
    ] as const) {
      checkArgument(
        storage.device === "device" && storage.address !== 0 && byteOffset + bytes <= storage.byteLength,
        () => `readProbe: ${bytes} bytes at byte ${byteOffset} are not in a GPU storage of ${storage.byteLength}`,
      );
    }
    this.#native.readProbe(this.#backend, addressOf(sum), addressOf(data), byteLength);
  }
}
