// Collectives as the addon exports them. Positional numbers only, as for ops; `count` is in elements of one rank's tensor.

/** Every function throws an OctavoError; the first arguments are the numbers of backend and communicator. */
export interface NativeCollectiveCalls {
  createUniqueId(): Uint8Array;
  /** Blocks until every rank is there. */
  createCommunicator(backend: number, rank: number, worldSize: number, uniqueId: Uint8Array): number;
  disposeCommunicator(backend: number, communicator: number): void;
  checkCommunicator(backend: number, communicator: number): void;
  allReduce(
    backend: number,
    communicator: number,
    out: number,
    x: number,
    count: number,
    dtype: number,
    reduction: number,
  ): void;
  allGather(backend: number, communicator: number, out: number, x: number, count: number, dtype: number): void;
  reduceScatter(
    backend: number,
    communicator: number,
    out: number,
    x: number,
    count: number,
    dtype: number,
    reduction: number,
  ): void;
  broadcast(backend: number, communicator: number, x: number, count: number, dtype: number, root: number): void;
  send(backend: number, communicator: number, x: number, count: number, dtype: number, peer: number): void;
  recv(backend: number, communicator: number, out: number, count: number, dtype: number, peer: number): void;
  startGroup(backend: number, communicator: number): void;
  endGroup(backend: number, communicator: number): void;
}
