// What an inference engine must do to stand beside Octavo. A further one is a further file that exports a `Peer`, named in peers.ts.

/** One side of a comparison, before anything is loaded. */
export interface Peer {
  /** Loads the model, in a process that does nothing else. */
  open(options: PeerOptions): Promise<PeerEngine>;
}

export interface PeerOptions {
  /** The model's file or folder. */
  readonly model: string;
  readonly threads: number;
  /** Options of the peer's own, from the command line. */
  readonly settings: Settings;
}

export type Settings = Readonly<Record<string, string | number | boolean>>;

export interface PeerEngine {
  /** Version, instruction set, dtype: what a figure depends on beyond the machine. */
  readonly about: string;
  /** Called before the requests of one figure, outside the measured time. */
  prepare(requests: number, promptTokens: number, outputTokens: number): Promise<void>;
  /**
   * Submits all prompts at once and generates exactly `outputTokens` tokens for each: greedy, end tokens ignored, no text made.
   * No prompt begins like an earlier one.
   * @returns how many tokens came in all
   */
  generate(prompts: readonly (readonly number[])[], outputTokens: number): Promise<number>;
  /** Seconds that the peer itself says it computed since the last call; undefined where it does not say. */
  computeSeconds?(): Promise<number | undefined>;
}
