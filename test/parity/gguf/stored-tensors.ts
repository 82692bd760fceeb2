// A checkpoint's tensors as numbers, to be arranged as llama.cpp's converter does.
import { bytesOf, openSafetensors, type Tensor } from "@octavo/core";
import { float16ToNumber } from "@octavo/core/testing";

export interface Stored {
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** Of the checkpoint. */
  readonly dtype: string;
}

export type StoredTensors = Map<string, Stored>;

export function storedTensors(path: string): StoredTensors {
  const entries = [...openSafetensors(path).tensors];
  return new Map(entries.map(([name, t]) => [name, { shape: t.shape, values: numbersOf(t), dtype: t.dtype }]));
}

function numbersOf(source: Tensor): Float32Array {
  const bytes = Uint8Array.from(bytesOf(source));
  if (source.dtype === "float32") return new Float32Array(bytes.buffer);
  const bits = new Uint16Array(bytes.buffer);
  if (source.dtype === "float16") return Float32Array.from(bits, float16ToNumber);
  return new Float32Array(Uint32Array.from(bits, (half) => half * 2 ** 16).buffer);
}

/** Rows (the first dimension) in another order: row `row` of the result is row `from(row)`. */
export function reorder({ shape, values, dtype }: Stored, from: (row: number) => number): Stored {
  const width = values.length / shape[0]!;
  const moved = new Float32Array(values.length);
  for (let row = 0; row < shape[0]!; row++) {
    moved.set(values.subarray(from(row) * width, (from(row) + 1) * width), row * width);
  }
  return { shape, values: moved, dtype };
}

/** The last two dimensions swapped. */
export function transposed({ shape, values, dtype }: Stored): Stored {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const turned = values.map((_, at) => {
    const inside = at % (rows * columns);
    return values[at - inside + (inside % rows) * columns + Math.floor(inside / rows)]!;
  });
  return { shape: [...shape.slice(0, -2), columns, rows], values: turned, dtype };
}

/** One tensor of several of one shape. */
export function stacked(parts: readonly Stored[]): Stored {
  const [{ shape, dtype }] = parts as [Stored];
  return { shape: [parts.length, ...shape], values: Float32Array.from(parts.flatMap((p) => [...p.values])), dtype };
}
