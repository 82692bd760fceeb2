// The body of a reply that comes bit by bit, of one writer or of many. A writer is held back while the client does not read.

const encoder = new TextEncoder();

/** Bytes that may wait for a slow client. */
const HIGH_WATER_MARK = 64 * 1024;

export class BodyStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #open = true;
  #drained: Promise<void> | undefined;
  #resume: (() => void) | undefined;

  /** @param onCancel the client went away */
  constructor(onCancel: () => void) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#release(),
        cancel: () => {
          this.#open = false;
          this.#release();
          onCancel();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK }),
    );
  }

  /** False when the client went away, or it was closed. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** @returns a promise when the client is behind; undefined when more may be written at once */
  write(text: string): Promise<void> | undefined {
    if (!this.#open) return undefined;
    this.#controller.enqueue(encoder.encode(text));
    if (this.#controller.desiredSize! > 0) return undefined;
    this.#drained ??= new Promise((resolve) => {
      this.#resume = resolve;
    });
    return this.#drained;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#controller.close();
  }

  /** Breaks the connection off. */
  fail(error: unknown): void {
    if (!this.#open) return;
    this.#open = false;
    this.#controller.error(error);
  }

  #release(): void {
    this.#resume?.();
    this.#resume = undefined;
    this.#drained = undefined;
  }
}
