// Entry of the thread that writes blocks of the KV cache to a file and reads them back, so that no step waits for a disk.
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { crc32 } from "node:zlib";
import { type BlockFileData, type BlockFileReply, BlockFileState, FileOp } from "./protocol/block-file-messages.js";

const { path, bytesPerBlock, numBlocks, staging, wakeBuffer, stateBuffer, port } = workerData as BlockFileData;
const wake = new Int32Array(wakeBuffer);
const state = new Int32Array(stateBuffer);
const fd = create();
/** Of what was written to each block; what comes back must have the same. */
const checksums = new Uint32Array(numBlocks + 1);

/** The file's name goes at once, so that nothing of it outlives the process. @returns -1 where it cannot be made */
function create(): number {
  try {
    const opened = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    enter(BlockFileState.open);
    return opened;
  } catch (error) {
    port.postMessage([(error as NodeJS.ErrnoException).code, (error as Error).message]);
    enter(BlockFileState.failed);
    return -1;
  }
}

function enter(next: number): void {
  Atomics.store(state, 0, next);
  Atomics.notify(state, 0);
}

port.on("message", ([op, slot, block]: readonly [number, number, number]) => {
  if (op === FileOp.close) return close();
  const bytes = new Uint8Array(staging, slot * bytesPerBlock, bytesPerBlock);
  let failure: string | null = null;
  try {
    if (op === FileOp.write) write(bytes, block);
    else read(bytes, block);
  } catch (error) {
    failure = (error as Error).message;
  }
  port.postMessage([slot, block, failure] satisfies BlockFileReply);
  Atomics.add(wake, 0, 1);
  Atomics.notify(wake, 0);
});

function write(bytes: Uint8Array, block: number): void {
  checksums[block] = crc32(bytes);
  for (let done = 0; done < bytesPerBlock; ) {
    done += writeSync(fd, bytes, done, bytesPerBlock - done, (block - 1) * bytesPerBlock + done);
  }
}

function read(bytes: Uint8Array, block: number): void {
  for (let done = 0; done < bytesPerBlock; ) {
    const count = readSync(fd, bytes, done, bytesPerBlock - done, (block - 1) * bytesPerBlock + done);
    if (count === 0) throw new Error(`block ${block} ends after ${done} of its ${bytesPerBlock} bytes`);
    done += count;
  }
  if (crc32(bytes) !== checksums[block])
    throw new Error(`block ${block} is not what was written: its checksum differs`);
}

function close(): void {
  if (fd >= 0) closeSync(fd);
  port.close();
  enter(BlockFileState.closed);
}
