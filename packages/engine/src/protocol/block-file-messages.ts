// What the engine and the thread of its block file send each other.
import type { MessagePort } from "node:worker_threads";

/** The thread's start data. */
export interface BlockFileData {
  readonly path: string;
  readonly bytesPerBlock: number;
  readonly numBlocks: number;
  /** Room for one block a slot. */
  readonly staging: SharedArrayBuffer;
  /** int32 [1]: raised and notified with every reply. */
  readonly wakeBuffer: SharedArrayBuffer;
  /** int32 [1]: a BlockFileState, notified with every change */
  readonly stateBuffer: SharedArrayBuffer;
  /** Sends why the file could not be made, where it could not; then takes [FileOp, slot, block], and sends {@link BlockFileReply}. */
  readonly port: MessagePort;
}

export const FileOp = { write: 0, read: 1, close: 2 } as const;

export const BlockFileState = { starting: 0, open: 1, failed: 2, closed: 3 } as const;

/** Slot, block, and why it failed. */
export type BlockFileReply = readonly [slot: number, block: number, failure: string | null];
