// Logprobs on their way from the device: one table there for all steps, one in host memory for each step in flight.
import { type Backend, type LogprobsOutput, type Storage, type Tensor, tensor } from "@octavo/core";

const ALIGNMENT = 256;

/** Tables of `capacity` elements (rows times columns) and as many ranks, of which a step uses the first. */
export class LogprobTables {
  readonly capacity: number;
  readonly #storage: Storage;
  readonly #start: number;

  /** @param start where their {@link logprobTableBytes} begin in `storage`, which stays the caller's */
  constructor(storage: Storage, start: number, capacity: number) {
    this.#storage = storage;
    this.#start = start;
    this.capacity = capacity;
  }

  /** Rows of so many columns that fit. */
  rowsOf(columns: number): number {
    return Math.floor(this.capacity / columns);
  }

  /** As [rows, columns]. @param firstRow where the view begins, in rows of so many columns */
  view(rows: number, columns: number, firstRow = 0): LogprobsOutput {
    const stride = Math.ceil((4 * this.capacity) / ALIGNMENT) * ALIGNMENT;
    const tokens = this.#start + 4 * firstRow * columns;
    return {
      tokens: tensor("int32", [rows, columns], this.#storage, tokens),
      logprobs: tensor("float32", [rows, columns], this.#storage, tokens + stride),
      ranks: tensor("int32", [rows], this.#storage, this.#start + 2 * stride + 4 * firstRow),
    };
  }
}

/** Bytes of {@link LogprobTables}. */
export function logprobTableBytes(capacity: number): number {
  return 3 * Math.ceil((4 * capacity) / ALIGNMENT) * ALIGNMENT;
}

/** The rows of one step on the host; read them after the step's `done` was waited for. */
export interface LogprobRows {
  readonly columns: number;
  /** int32 [rows, columns]: the picked token, then the most likely ones */
  readonly tokens: Int32Array;
  /** The bits of float32 [rows, columns] */
  readonly logprobs: Int32Array;
  /** int32 [rows] */
  readonly ranks: Int32Array;
}

/** Host memory that a step's logprobs are copied to. It grows when a step needs more, and costs nothing before one does. */
export class HostLogprobs implements LogprobRows {
  columns = 0;
  tokens = new Int32Array(0);
  logprobs = new Int32Array(0);
  ranks = new Int32Array(0);
  readonly #backend: Backend;
  #storage: Storage | undefined;
  #tables: LogprobTables | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Makes room for a step that is about to be launched; what was there is lost. */
  begin(rows: number, columns: number): void {
    const needed = rows * columns;
    if (!this.#tables || this.#tables.capacity < needed) {
      const capacity = Math.max(needed, 2 * (this.#tables?.capacity ?? 0));
      this.dispose();
      this.#storage = this.#backend.allocateHost(logprobTableBytes(capacity));
      this.#tables = new LogprobTables(this.#storage, 0, capacity);
    }
    const { tokens, logprobs, ranks } = this.#tables.view(rows, columns);
    this.columns = columns;
    this.tokens = intsOf(tokens, needed);
    this.logprobs = intsOf(logprobs, needed);
    this.ranks = intsOf(ranks, rows);
  }

  /** `tokens` of rows of one column, as int32 [rows]. */
  get tokenColumn(): Tensor {
    const { storage, byteOffset } = this.#tables!.view(1, 1).tokens;
    return tensor("int32", [this.tokens.length], storage, byteOffset);
  }

  /** Enqueues the copy of `from` to the rows from `firstRow` on. */
  receive(from: LogprobsOutput, firstRow: number): void {
    const [rows, columns] = from.tokens.shape as [number, number];
    const to = this.#tables!.view(rows, columns, firstRow);
    this.#backend.copy(to.tokens, from.tokens, 4 * rows * columns);
    this.#backend.copy(to.logprobs, from.logprobs, 4 * rows * columns);
    this.#backend.copy(to.ranks, from.ranks, 4 * rows);
  }

  dispose(): void {
    this.#storage?.dispose();
    this.#storage = this.#tables = undefined;
  }
}

function intsOf(t: Tensor, count: number): Int32Array<ArrayBuffer> {
  const bytes = t.storage.bytes!;
  return new Int32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset + t.byteOffset, count);
}
