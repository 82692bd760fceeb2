// What is asked for of a repository, what is chosen of it, and what comes of that.

/** What is wanted of a repository. */
export interface Wanted {
  readonly id: string;
  readonly file?: string;
  readonly quantization?: string;
  /** Patterns; instead of what a model needs. */
  readonly include?: readonly string[];
  /** Patterns, of what would be taken. */
  readonly exclude?: readonly string[];
  /** Without them a config or tokenizer is wanted alone. Default true. */
  readonly weights?: boolean;
}

export interface Selection {
  readonly paths: readonly string[];
  /** The file to load; absent where it is the folder. */
  readonly entry?: string;
}

/** A model that is in the cache. */
export interface PulledModel {
  /** The snapshot's folder, or the GGUF file in it. */
  readonly path: string;
  readonly id: string;
  /** 40 hex digits that name the state of the repository. */
  readonly commit: string;
  /** Bytes of the files that were asked for. */
  readonly bytes: number;
}
