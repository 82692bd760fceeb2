// Collectives between the GPUs of several processes, by NCCL. Checks shapes, dtypes and memory here; what ranks do to each other
// only NCCL can see.
import {
  addressOf,
  type Backend,
  type Collectives,
  type CollectivesOptions,
  checkArgument,
  DTYPES,
  elementCount,
  isContiguous,
  OctavoError,
  type Reduction,
  type Tensor,
} from "@octavo/core";
import { CudaBackend } from "./cuda-backend.js";
import { loadNative } from "./load-native.js";
import type { MemoryPool } from "./memory.js";
import type { NativeAddon } from "./native.js";

/** The codes of enum Reduction in csrc/runtime/nccl.h. */
const REDUCTIONS: Readonly<Record<Reduction, number>> = { sum: 0, max: 1, min: 2 };

/** Bytes of an NCCL unique id. */
const UNIQUE_ID_BYTES = 128;

/** {@link Collectives} by NCCL: `libnccl.so.2`, or what `OCTAVO_NCCL` names. */
export class CudaCollectives implements Collectives {
  readonly rank: number;
  readonly worldSize: number;
  readonly #native: NativeAddon;
  readonly #backend: number;
  readonly #pool: MemoryPool;
  readonly #communicator: number;

  /**
   * Blocks the thread until every rank has come, without a limit.
   * @throws INVALID_ARGUMENT for a foreign backend, a wrong rank, size or id, and two ranks on one GPU; BACKEND_LOAD when NCCL is
   * missing, too old or does not start
   */
  constructor(backend: Backend, { rank, worldSize, uniqueId }: CollectivesOptions) {
    checkArgument(
      Number.isInteger(worldSize) && worldSize >= 1,
      `worldSize must be a whole number from 1 on, got ${worldSize}`,
      "worldSize",
    );
    checkArgument(
      Number.isInteger(rank) && rank >= 0 && rank < worldSize,
      `rank must be a whole number in [0, ${worldSize}), got ${rank}`,
      "rank",
    );
    checkArgument(
      uniqueId instanceof Uint8Array && uniqueId.length === UNIQUE_ID_BYTES,
      () =>
        `uniqueId must be the ${UNIQUE_ID_BYTES} bytes (Uint8Array) that createUniqueId() gave to one rank, got ${describe(uniqueId)}`,
      "uniqueId",
    );
    checkArgument(
      backend instanceof CudaBackend,
      () => `collectives need a backend of this package, got ${backend.info.name} (${backend.info.description})`,
      "backend",
    );
    this.rank = rank;
    this.worldSize = worldSize;
    this.#native = backend.handle.native;
    this.#backend = backend.handle.id;
    this.#pool = backend.handle.pool;
    this.#communicator = this.#native.createCommunicator(this.#backend, rank, worldSize, uniqueId);
  }

  allReduce(out: Tensor, x: Tensor, reduction: Reduction = "sum"): void {
    this.#checkPair("allReduce", out, x, 1, 1);
    const code = reductionCode("allReduce", reduction);
    const count = elementCount(x.shape);
    if (count === 0) return;
    const dtype = DTYPES[x.dtype].code;
    this.#native.allReduce(this.#backend, this.#communicator, addressOf(out), addressOf(x), count, dtype, code);
  }

  allGather(out: Tensor, x: Tensor): void {
    this.#checkPair("allGather", out, x, this.worldSize, 1);
    const count = elementCount(x.shape);
    if (count === 0) return;
    const dtype = DTYPES[x.dtype].code;
    this.#native.allGather(this.#backend, this.#communicator, addressOf(out), addressOf(x), count, dtype);
  }

  reduceScatter(out: Tensor, x: Tensor, reduction: Reduction = "sum"): void {
    this.#checkPair("reduceScatter", out, x, 1, this.worldSize);
    const code = reductionCode("reduceScatter", reduction);
    const count = elementCount(out.shape);
    if (count === 0) return;
    const dtype = DTYPES[x.dtype].code;
    this.#native.reduceScatter(this.#backend, this.#communicator, addressOf(out), addressOf(x), count, dtype, code);
  }

  broadcast(x: Tensor, root: number): void {
    this.#check("broadcast", "x", x);
    this.#checkRank("broadcast", "root", root);
    const count = elementCount(x.shape);
    if (count === 0) return;
    const dtype = DTYPES[x.dtype].code;
    this.#native.broadcast(this.#backend, this.#communicator, addressOf(x), count, dtype, root);
  }

  send(x: Tensor, peer: number): void {
    this.#check("send", "x", x);
    this.#checkRank("send", "peer", peer);
    const count = elementCount(x.shape);
    if (count === 0) return;
    this.#native.send(this.#backend, this.#communicator, addressOf(x), count, DTYPES[x.dtype].code, peer);
  }

  recv(out: Tensor, peer: number): void {
    this.#check("recv", "out", out);
    this.#checkRank("recv", "peer", peer);
    const count = elementCount(out.shape);
    if (count === 0) return;
    this.#native.recv(this.#backend, this.#communicator, addressOf(out), count, DTYPES[out.dtype].code, peer);
  }

  group(body: () => void): void {
    this.#native.startGroup(this.#backend, this.#communicator);
    let thrown: { readonly error: unknown } | undefined;
    try {
      body();
    } catch (error) {
      thrown = { error };
    }
    try {
      this.#native.endGroup(this.#backend, this.#communicator);
    } catch (error) {
      thrown ??= { error };
    }
    if (thrown) throw thrown.error;
  }

  check(): void {
    this.#native.checkCommunicator(this.#backend, this.#communicator);
  }

  /** Gives what is enqueued 30 s, then abandons it: a rank that vanished is not always noticed. */
  dispose(): void {
    this.#native.disposeCommunicator(this.#backend, this.#communicator);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Both tensors are usable, of one dtype, and of one shape but for the first dimensions, which are multiples of the same n. */
  #checkPair(call: string, out: Tensor, x: Tensor, outParts: number, xParts: number): void {
    this.#check(call, "out", out);
    this.#check(call, "x", x);
    if (out.dtype !== x.dtype) fail(call, `out is ${out.dtype} and x is ${x.dtype}, they must share a dtype`);
    const plain = outParts === xParts;
    let matches = out.shape.length === x.shape.length && (plain || x.shape.length > 0);
    for (let i = 0; matches && i < x.shape.length; i++) {
      const first = i === 0 && !plain;
      matches = first ? out.shape[0]! * xParts === x.shape[0]! * outParts : out.shape[i] === x.shape[i];
    }
    if (matches) return;
    const expected = plain
      ? "one shape"
      : `[${outParts === 1 ? "" : `${outParts} * `}n, ...] and [${xParts === 1 ? "" : `${xParts} * `}n, ...]`;
    fail(call, `out is [${out.shape}] and x is [${x.shape}], ${expected} was expected`);
  }

  #check(call: string, name: string, t: Tensor): void {
    const { storage } = t;
    if (storage.device !== "device") {
      fail(call, `${name} is in host memory; copy it to the GPU first (Backend.copy or Backend.upload)`);
    }
    if (!this.#pool.owns(storage)) {
      const message = `${call}: ${name} is memory of another backend, or was disposed of`;
      throw new OctavoError({ code: storage.address === 0 ? "DISPOSED" : "INVALID_ARGUMENT", message, param: name });
    }
    if (!isContiguous(t)) fail(call, `${name} [${t.shape}] with strides [${t.strides}] must be contiguous`);
    if (t.dtype === "bool") fail(call, `${name} is bool, any other dtype was expected`);
  }

  #checkRank(call: string, name: string, rank: number): void {
    if (Number.isInteger(rank) && rank >= 0 && rank < this.worldSize) return;
    fail(call, `${name} must be a rank in [0, ${this.worldSize}), got ${rank}`);
  }
}

/**
 * Names a communicator that is to be. Send it to every rank; this process must live until all are connected. An id serves once.
 * @throws BACKEND_LOAD when NCCL is missing, too old or finds no network interface
 */
export function createUniqueId(): Uint8Array {
  return loadNative().createUniqueId();
}

/** Makes `backend` one rank of a communicator. Blocks until every rank has called it: see {@link CudaCollectives}. */
export function connectCollectives(backend: Backend, options: CollectivesOptions): Collectives {
  return new CudaCollectives(backend, options);
}

function reductionCode(call: string, reduction: Reduction): number {
  const code = REDUCTIONS[reduction];
  if (code === undefined) fail(call, `reduction must be ${Object.keys(REDUCTIONS).join(", ")}, got ${reduction}`);
  return code;
}

function fail(call: string, found: string): never {
  throw new OctavoError({ code: "INVALID_ARGUMENT", message: `${call}: ${found}`, param: call });
}

function describe(value: unknown): string {
  return value instanceof Uint8Array ? `${value.length} bytes` : `a value of type ${typeof value}`;
}
