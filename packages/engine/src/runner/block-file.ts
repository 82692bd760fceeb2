// The KV cache's third tier: a file without a name, which a thread of its own writes and reads.
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { OctavoError } from "@octavo/core";
import { MAX_FILE_READS, MAX_FILE_WRITES } from "@octavo/kv-cache";
import { type BlockFileData, type BlockFileReply, BlockFileState, FileOp } from "../protocol/block-file-messages.js";

const SLOTS = MAX_FILE_WRITES + MAX_FILE_READS;
/** For making the file, which takes a millisecond; and at the end for what the disk is in the middle of. */
const OPEN_MS = 30_000;
const CLOSE_MS = 2000;

export class BlockFile implements Disposable {
  readonly #bytesPerBlock: number;
  readonly #staging: Uint8Array;
  readonly #freeSlots = Array.from({ length: SLOTS }, (_, slot) => slot);
  readonly #state: Int32Array;
  readonly #port: MessagePort;
  #warned = false;

  /**
   * Creates the file and removes its name at once, so that nothing of it outlives the process: it holds what prompts were computed to.
   * @param path where; there must be no file yet
   * @param wakeBuffer int32 [1]: raised and notified when a block has come or gone
   * @throws INVALID_ARGUMENT when the file cannot be made
   */
  constructor(path: string, numBlocks: number, bytesPerBlock: number, wakeBuffer: SharedArrayBuffer) {
    this.#bytesPerBlock = bytesPerBlock;
    const staging = new SharedArrayBuffer(SLOTS * bytesPerBlock);
    this.#staging = new Uint8Array(staging);
    const stateBuffer = new SharedArrayBuffer(4);
    this.#state = new Int32Array(stateBuffer);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData: BlockFileData = { path, bytesPerBlock, numBlocks, staging, wakeBuffer, stateBuffer, port: port2 };
    const execArgv = process.execArgv.filter((flag) => !flag.startsWith("--input-type"));
    const url = new URL("./block-file-thread.js", import.meta.url);
    new Worker(url, { workerData, execArgv, transferList: [port2], name: "octavo-block-file" }).unref();
    Atomics.wait(this.#state, 0, BlockFileState.starting, OPEN_MS);
    if (Atomics.load(this.#state, 0) === BlockFileState.open) return;
    const refusal = receiveMessageOnPort(port1)?.message as [code: string, message: string] | undefined;
    this.dispose();
    throw notMade(path, refusal);
  }

  /** Room for a block on its way; there is some for as many as the KV cache lets be in flight. */
  takeSlot(): number {
    return this.#freeSlots.pop()!;
  }

  freeSlot(slot: number): void {
    this.#freeSlots.push(slot);
  }

  bytesOf(slot: number): Uint8Array {
    return this.#staging.subarray(slot * this.#bytesPerBlock, (slot + 1) * this.#bytesPerBlock);
  }

  /** Begins to write what lies in a slot. */
  write(slot: number, block: number): void {
    this.#port.postMessage([FileOp.write, slot, block]);
  }

  /** Begins to read into a slot. */
  read(slot: number, block: number): void {
    this.#port.postMessage([FileOp.read, slot, block]);
  }

  /** The next block whose write or read has ended, since the last call; undefined where none has. */
  poll(): { readonly slot: number; readonly block: number; readonly ok: boolean } | undefined {
    const received = receiveMessageOnPort(this.#port);
    if (!received) return undefined;
    const [slot, block, failure] = received.message as BlockFileReply;
    if (failure !== null && !this.#warned) {
      this.#warned = true;
      const text = `the KV cache's file failed: ${failure}; what is lost is computed again. Later failures are not told`;
      process.emitWarning(text, { code: "OCTAVO_KV_FILE" });
    }
    return { slot, block, ok: failure === null };
  }

  /** Closes the file when what is in flight is done. */
  dispose(): void {
    const before = Atomics.load(this.#state, 0);
    this.#port.postMessage([FileOp.close, 0, 0]);
    Atomics.wait(this.#state, 0, before, CLOSE_MS);
    this.#port.close();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function notMade(path: string, refusal: readonly [code: string, message: string] | undefined): OctavoError {
  const [code, message] = refusal ?? ["", `its thread did not answer in ${OPEN_MS / 1000} s`];
  const reason = code === "EEXIST" ? "there is a file of that name; name one that is not there yet" : message;
  return new OctavoError({
    code: "INVALID_ARGUMENT",
    message: `kv_offloading_file ${path} cannot be made: ${reason}`,
    param: "kv_offloading_file",
  });
}
