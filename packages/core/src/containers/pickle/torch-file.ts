/** Where the bytes of a storage lie. */
export interface StorageSpan {
  /** From the file's start. */
  readonly offset: number;
  readonly byteLength: number;
}

/** What a file says: an unpickled value, and the storages of the tensors in it by key. */
export interface TorchFile {
  readonly value: unknown;
  readonly spans: ReadonlyMap<string, StorageSpan>;
}
