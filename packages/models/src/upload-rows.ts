// Decoded tables (embeddings) on their way to the device: a vocabulary's float32 values may be larger than all other weights together.
import { type Backend, byteSize, elementCount, type FloatDType, slice, type Tensor, tensor } from "@octavo/core";
import type { BlockRows } from "@octavo/quant";

/** Elements that exist decoded at once. */
const CHUNK_ELEMENTS = 2 ** 20;

/** Decodes and uploads some rows at a time. @returns [rows, rowLength] in `dtype`, in memory of the backend */
export function uploadRows(rows: BlockRows, backend: Backend, dtype: FloatDType): Tensor {
  const { count, rowLength } = rows;
  const table = tensor(dtype, [count, rowLength], backend.allocate(byteSize(dtype, [count, rowLength]), "weights"));
  const perChunk = Math.max(1, Math.min(count, Math.floor(CHUNK_ELEMENTS / rowLength)));
  const host = backend.allocateHost(byteSize("float32", [perChunk, rowLength]));
  using copied = backend.createEvent();
  try {
    for (let first = 0; first < count; first += perChunk) {
      const shape = [Math.min(perChunk, count - first), rowLength];
      const { buffer, byteOffset } = host.bytes!;
      rows.decode(first, new Float32Array(buffer, byteOffset, elementCount(shape)));
      const chunk = backend.upload(tensor("float32", shape, host), dtype);
      backend.copy(slice(table, 0, first, first + shape[0]!), chunk, byteSize(dtype, shape));
      copied.record();
      copied.wait();
      if (chunk.storage !== host) chunk.storage.dispose();
    }
  } catch (error) {
    table.storage.dispose();
    throw error;
  } finally {
    host.dispose();
  }
  return table;
}
