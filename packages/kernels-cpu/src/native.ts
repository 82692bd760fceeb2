// The addon's typed surface. Positional numbers only: an options object would cost ten times the call. Addresses are plain
// numbers (below 2^53), strides count elements, dtypes are the codes of DTYPES in @octavo/core.
import type { NativeAddonBase, NativeOpCalls } from "@octavo/core/native";

/** Raised when a function of the addon changes; csrc/binding/addon.cc has the same number. */
export const ADDON_VERSION = 5;

/** Memory that a backend gave out. `buffer` is a view of its first bytes; the backend owns the memory. */
export interface NativeMemory {
  readonly id: number;
  readonly address: number;
  readonly byteLength: number;
  readonly buffer: ArrayBuffer;
}

/** Every function throws an OctavoError; the first argument is the id that `createBackend` gave, where there is one. */
export interface NativeAddon extends NativeAddonBase, NativeOpCalls {
  /** @param isa "" for the best one */
  createBackend(threads: number, spin: number, isa: string): number;
  isaOf(backend: number): string;
  disposeBackend(backend: number): void;

  allocate(backend: number, byteLength: number, viewBytes: number): NativeMemory;
  mapFile(backend: number, path: string, viewBytes: number): NativeMemory;
  detach(buffer: ArrayBuffer): void;
  release(backend: number, memory: number): void;
  copy(to: number, from: number, byteLength: number): void;
  convert(backend: number, out: number, outDtype: number, from: number, fromDtype: number, count: number): void;

  fillRandom(backend: number, out: number, dtype: number, seed: number, low: number, span: number, count: number): void;

  createLinear(backend: number, inFeatures: number, dtype: number, bias: number, parts: number): number;
  /** @param ggmlType of a part in a block format, whose `weight` are panels; -1 for a dense part */
  setLinearPart(backend: number, linear: number, index: number, weight: number, rows: number, ggmlType: number): void;
  /** Bytes of the panels of `rows` rows in a block format. */
  panelBytes(ggmlType: number, rows: number, inFeatures: number): number;
  /** Repacks rows of blocks at `from` into panels at `out`. */
  packPanels(backend: number, ggmlType: number, out: number, from: number, rows: number, inFeatures: number): void;
  disposeLinear(backend: number, linear: number): void;
  /** @param linears numbers of linear weights, int32 each */
  createExperts(backend: number, linears: Uint8Array): number;
  disposeExperts(backend: number, experts: number): void;
}
