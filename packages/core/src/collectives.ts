// What the ranks of a model exchange: one process and one device a rank. Apart from Backend, because a backend works alone and
// one backend may be in several communicators (tensor parallelism, weights from a trainer).
import type { Backend } from "./backend.js";
import type { Tensor } from "./tensor.js";

/** How the ranks' elements become one. Integers wrap around. */
export type Reduction = "sum" | "max" | "min";

/**
 * A communicator: calls that every rank makes in the same order, with the same counts and dtypes. They take effect on the
 * backend's stream, in order with its ops, allocate nothing and return when they are enqueued. Tensors are contiguous, in the
 * backend's device memory, of any dtype but bool. Calls with no elements do nothing.
 *
 * Wrong arguments are INVALID_ARGUMENT before anything is enqueued. What the library or another rank did is INTERNAL, after
 * which the communicator can only be disposed. W stands for `worldSize`.
 */
export interface Collectives extends Disposable {
  /** This process, in [0, worldSize). */
  readonly rank: number;
  /** How many ranks there are. */
  readonly worldSize: number;

  /** out = the reduction of all ranks' x (default: sum), the same bits on every rank.  out, x: one shape; may be one tensor */
  allReduce(out: Tensor, x: Tensor, reduction?: Reduction): void;
  /** out[r * n ... (r + 1) * n] = rank r's x.  out: [W * n, ...]; x: [n, ...], may be its own place in out */
  allGather(out: Tensor, x: Tensor): void;
  /**
   * out = rows [rank * n, (rank + 1) * n) of the reduction of all ranks' x (default: sum).
   * out: [n, ...], may be its own place in x; x: [W * n, ...]
   */
  reduceScatter(out: Tensor, x: Tensor, reduction?: Reduction): void;
  /** Every rank's x becomes rank `root`'s, in place. */
  broadcast(x: Tensor, root: number): void;
  /** Sends x to rank `peer`, which makes the matching {@link Collectives.recv}. */
  send(x: Tensor, peer: number): void;
  /** out = what rank `peer` sends. */
  recv(out: Tensor, peer: number): void;
  /**
   * Makes the calls of `body` take effect together when it returns. Needed wherever sends and receives wait for each other: an
   * exchange in both directions, a ring, a rank sending to itself. `body` is synchronous and calls nothing but collectives. When
   * it throws, the calls made so far are enqueued all the same.
   */
  group(body: () => void): void;

  /** Never waits. @throws INTERNAL when another rank or the network is known to have failed */
  check(): void;
  /**
   * Waits for what is enqueued and leaves the communicator; every rank does. Where that cannot end because a rank is gone, it
   * is abandoned. Graphs that captured calls must be disposed before. Harmless when the backend was disposed before.
   */
  dispose(): void;
}

/** A rank's place among those that connect. */
export interface CollectivesOptions {
  /** In [0, worldSize), another one in every process. */
  readonly rank: number;
  /** How many ranks there will be; 1 or more. */
  readonly worldSize: number;
  /** What {@link CreateUniqueId} gave to one of them and that one sent to all. */
  readonly uniqueId: Uint8Array;
}

/**
 * What a kernels package with collectives exports under the name `createUniqueId`: names a communicator that is to be. The process
 * that calls it must live until every rank is connected. An id serves once.
 */
export type CreateUniqueId = () => Uint8Array;

/**
 * What a kernels package with collectives exports under the name `connectCollectives`. Blocks the thread until every rank has
 * called it, without a limit: whoever starts the ranks must end them when one does not come.
 */
export type ConnectCollectives = (backend: Backend, options: CollectivesOptions) => Collectives;
