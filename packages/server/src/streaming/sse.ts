// A server-sent event stream that many writers share. A writer is held back while the client does not read.

const encoder = new TextEncoder();

/** Bytes that may wait for a slow client. */
const HIGH_WATER_MARK = 64 * 1024;

export class EventStream {
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

  /** Sends whole events. @returns a promise when the client is behind; undefined when more may be written at once */
  write(events: string): Promise<void> | undefined {
    if (!this.#open) return undefined;
    this.#controller.enqueue(encoder.encode(events));
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

  #release(): void {
    this.#resume?.();
    this.#resume = undefined;
    this.#drained = undefined;
  }
}
