// Rows of logits that custom logits processors change: to the host and back, in the middle of a step.
import { type Backend, type DeviceEvent, type Storage, slice, type Tensor, tensor } from "@octavo/core";
import type { ProcessedSample } from "@octavo/scheduler";

/** Host memory for the rows of one step. It grows when a step needs more, and costs nothing before one does. */
export class HostLogits {
  readonly #backend: Backend;
  readonly #copied: DeviceEvent;
  #storage: Storage | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#copied = backend.createEvent();
  }

  /** Waits for the logits, float32 [S, V], lets each sample change its row, and enqueues the way back. */
  process(logits: Tensor, samples: readonly ProcessedSample[]): void {
    const vocabSize = logits.shape[1]!;
    const rowBytes = 4 * vocabSize;
    const storage = this.#room(samples.length * rowBytes);
    const rows = samples.map((_, i) => tensor("float32", [1, vocabSize], storage, i * rowBytes));
    samples.forEach(({ sample }, i) => {
      this.#backend.copy(rows[i]!, slice(logits, 0, sample, sample + 1), rowBytes);
    });
    this.#copied.record();
    this.#copied.wait();
    const bytes = storage.bytes!;
    samples.forEach((sample, i) => {
      sample.process(new Float32Array(bytes.buffer, bytes.byteOffset + i * rowBytes, vocabSize));
    });
    samples.forEach(({ sample }, i) => {
      this.#backend.copy(slice(logits, 0, sample, sample + 1), rows[i]!, rowBytes);
    });
  }

  /** What lies there is on its way back no longer: copies of this step have been waited for before the next one's rows come. */
  #room(byteLength: number): Storage {
    if (this.#storage && this.#storage.byteLength >= byteLength) return this.#storage;
    if (this.#storage) {
      this.#copied.record();
      this.#copied.wait();
      this.#storage.dispose();
    }
    this.#storage = this.#backend.allocateHost(byteLength);
    return this.#storage;
  }

  dispose(): void {
    this.#copied.dispose();
    this.#storage?.dispose();
  }
}
