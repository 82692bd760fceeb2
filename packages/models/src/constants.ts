// Numbers that a model computes itself and keeps on the device: RoPE tables, ALiBi's slopes, indices of rows.
import { type Backend, byteSize, elementCount, type Tensor, tensor } from "@octavo/core";

export class Constants implements Disposable {
  readonly #backend: Backend;
  readonly #tensors: Tensor[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get byteLength(): number {
    return this.#tensors.reduce((sum, { shape }) => sum + byteSize("float32", shape), 0);
  }

  /** A float32 tensor on the device. @param fill writes all of its values */
  add(shape: readonly number[], fill: (values: Float32Array) => void): Tensor {
    const host = this.#backend.allocateHost(byteSize("float32", shape));
    const bytes = host.bytes!;
    fill(new Float32Array(bytes.buffer, bytes.byteOffset, elementCount(shape)));
    const uploaded = this.#backend.upload(tensor("float32", shape, host), "float32");
    this.#tensors.push(uploaded);
    if (uploaded.storage !== host) {
      using copied = this.#backend.createEvent();
      copied.record();
      copied.wait();
      host.dispose();
    }
    return uploaded;
  }

  /** An int32 tensor on the device: its bits are uploaded as those of float32. @param value of each index */
  addIndices(count: number, value: (index: number) => number): Tensor {
    const { storage, byteOffset } = this.add([count], ({ buffer, byteOffset: from }) => {
      const values = new Int32Array(buffer, from, count);
      for (let index = 0; index < count; index++) values[index] = value(index);
    });
    return tensor("int32", [count], storage, byteOffset);
  }

  dispose(): void {
    for (const { storage } of this.#tensors.splice(0)) storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
