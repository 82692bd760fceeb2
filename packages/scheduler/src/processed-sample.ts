// A sample whose logits the host changes before it is drawn.
import type { Request } from "./request.js";

export class ProcessedSample {
  /** Index among the step's samples. */
  readonly sample: number;
  readonly #request: Request;

  constructor(sample: number, request: Request) {
    this.sample = sample;
    this.#request = request;
  }

  get requestId(): number {
    return this.#request.id;
  }

  /** Lets the request change its logits, float32 [vocab], in place. Before the next `update`, which may add tokens. */
  process(logits: Float32Array): void {
    const { tokens, promptLength, length, processLogits } = this.#request;
    processLogits!(logits, tokens.subarray(promptLength, length));
  }
}
