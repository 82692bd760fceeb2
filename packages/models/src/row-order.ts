// Rows of a linear layer in another order than the checkpoint has them, for example q, k and v of each head beside one another.
// Rows are moved whole, so that it does not matter what they are stored in.
import {
  byteSize,
  bytesOf,
  elementCount,
  hostStorage,
  isDense,
  type LinearPart,
  reshape,
  type Tensor,
  tensor,
} from "@octavo/core";

/** The checkpoint's row that becomes row `row` of `count`. */
export type RowOrder = (row: number, count: number) => number;

/** A copy of a part, weight and bias, in the given order. */
export function withRowOrder(part: LinearPart, order: RowOrder): LinearPart {
  const { planes, bias } = part;
  const moved = isDense(planes)
    ? { ...planes, weight: reorderRows(planes.weight, order) }
    : { ...planes, blocks: reorderRows(planes.blocks, order) };
  return { ...part, planes: moved, bias: bias && reorderRows(bias, order) };
}

/** A copy with rows in the given order. @param source on the host, contiguous */
export function reorderRows(source: Tensor, order: RowOrder): Tensor {
  const count = source.shape[0]!;
  const from = bytesOf(source);
  const rowBytes = byteSize(source.dtype, source.shape) / count;
  const to = new Uint8Array(from.byteLength);
  for (let row = 0; row < count; row++) {
    const at = order(row, count) * rowBytes;
    to.set(from.subarray(at, at + rowBytes), row * rowBytes);
  }
  return tensor(source.dtype, source.shape, hostStorage(to));
}

/** The same of single elements, of a norm of heads for example. */
export function reorderElements(source: Tensor, order: RowOrder): Tensor {
  return reshape(reorderRows(reshape(source, [elementCount(source.shape)]), order), source.shape);
}

/**
 * Queries, keys and values out of a projection that has them group by group: in each of `groups`, `queries` heads of queries, then one
 * of keys and one of values (GPT-NeoX and Bloom: one query a group; Falcon: several).
 */
export function splitQkvGroups(groups: number, queries: number, headDim: number): RowOrder {
  const queryRows = groups * queries * headDim;
  const keyRows = groups * headDim;
  return (row) => {
    const [at, headsBefore, heads] =
      row < queryRows
        ? [row, 0, queries]
        : row < queryRows + keyRows
          ? [row - queryRows, queries, 1]
          : [row - queryRows - keyRows, queries + 1, 1];
    const group = Math.floor(at / (heads * headDim));
    return (group * (queries + 2) + headsBefore) * headDim + (at % (heads * headDim));
  };
}

/**
 * Rows of heads whose neighbouring dimensions turn together, so that halves of the rotating part do (GLM, DeepSeek).
 * @param rotaryDim leading dimensions of a head that turn
 */
export function splitRotaryPairs(headDim: number, rotaryDim: number): RowOrder {
  const half = rotaryDim / 2;
  return (row) => {
    const inHead = row % headDim;
    if (inHead >= rotaryDim) return row;
    return row - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
  };
}

/** Rows that come in turns, gate and up of one channel beside each other (gpt-oss): all gates, then all ups. */
export const splitTurns: RowOrder = (row, count) => {
  const half = count / 2;
  return 2 * (row % half) + Math.floor(row / half);
};
