// What the null and the reference backend share: memory of plain JavaScript, and nothing that runs beside the caller.
import type { Backend, BackendInfo, DeviceEvent } from "../backend.js";
import { readFile } from "../containers/safetensors.js";
import type { DType } from "../dtype.js";
import { checkArgument, OctavoError } from "../errors.js";
import type { ExpertWeights } from "../experts.js";
import type { LinearPart, LinearSpec, LinearWeight } from "../linear.js";
import type { Ops } from "../ops.js";
import type { RandomValues } from "../random-fill.js";
import type { MemoryPurpose, Storage } from "../storage.js";
import type { Tensor } from "../tensor.js";
import { HostMemory, isUntouched } from "./host-memory.js";

/** A backend in plain JavaScript; subclasses add the ops and the weights. */
export abstract class HostBackend implements Backend {
  abstract readonly info: BackendInfo;
  abstract readonly ops: Ops;
  protected readonly allocations: HostMemory;

  constructor(name: string) {
    this.allocations = new HostMemory(name);
  }

  allocate(byteLength: number, purpose: MemoryPurpose): Storage {
    return this.allocations.allocate(byteLength, purpose);
  }

  allocateHost(byteLength: number): Storage {
    return this.allocations.allocate(byteLength);
  }

  memory(): Readonly<Record<MemoryPurpose, number>> {
    return this.allocations.held();
  }

  /** Read whole: JavaScript cannot map files. */
  mapFile(path: string): Storage {
    return readFile(path);
  }

  copy(destination: Tensor, source: Tensor, byteLength: number): void {
    // A KV cache of the null backend takes no memory as long as nobody reads it.
    if (isUntouched(destination.storage) && isUntouched(source.storage)) return;
    const to = hostBytes(destination);
    const from = hostBytes(source);
    checkArgument(
      destination.byteOffset + byteLength <= to.byteLength && source.byteOffset + byteLength <= from.byteLength,
      `cannot copy ${byteLength} bytes from tensor [${source.shape}] to tensor [${destination.shape}]`,
    );
    to.set(from.subarray(source.byteOffset, source.byteOffset + byteLength), destination.byteOffset);
  }

  abstract upload(source: Tensor, dtype: DType): Tensor;
  abstract fillRandom(target: Tensor, values: RandomValues): void;
  abstract prepareLinear(spec: LinearSpec): LinearWeight;
  abstract updateLinear(weight: LinearWeight, index: number, part: LinearPart): void;
  abstract prepareExperts(weights: readonly LinearWeight[]): ExpertWeights;

  /** Ops return when they are done, so there is nothing to wait for. */
  createEvent(): DeviceEvent {
    return { record() {}, wait() {}, dispose() {}, [Symbol.dispose]() {} };
  }

  dispose(): void {
    this.allocations.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function hostBytes(t: Tensor): Uint8Array {
  const { bytes, byteLength, device } = t.storage;
  if (bytes && (bytes.byteLength > 0 || byteLength === 0)) return bytes;
  const message = bytes
    ? `tensor [${t.shape}] was used after its storage was disposed`
    : `a ${device} tensor [${t.shape}] has no bytes on the host`;
  throw new OctavoError({ code: bytes ? "DISPOSED" : "INVALID_ARGUMENT", message });
}
