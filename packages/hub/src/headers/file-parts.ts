// What of a repository's file tells what a model is: all of it, its header, or that it is there.
import { arrivingGgufHeader, type GgufHeader, SAFETENSORS_START, safetensorsHeaderBytes } from "@octavo/core";

/** Gives bytes of a file from `begin` to before `end`. */
export type ReadRange = (begin: number, end: number) => Promise<Uint8Array>;

export type FilePart = "all" | "header" | "presence";

/** Megabytes that no description looks into. */
const VOCABULARY =
  /^(?:tokenizer\.json|tekken\.json|vocab\.(?:json|txt)|merges\.txt|[^/]*\.(?:tiktoken|model(?:\.v\d+)?))$/;
/** A pickle says at its end what it holds. */
const UNREADABLE = /\.(?:bin|pt|pth)$/i;
const GGUF = /\.gguf$/i;
/** Divisors of RoPE's frequencies, which config.json has as numbers: a kilobyte at most. */
const CONFIG_TENSORS = /^rope_(?:freqs|factors_\w+)\.weight$/;
const CONFIG_TENSOR_BYTES = 2 ** 16;

/** @returns null where nothing less than all of it would do */
export function neededPart(path: string): FilePart | null {
  if (UNREADABLE.test(path)) return null;
  if (GGUF.test(path) || /\.safetensors$/.test(path)) return "header";
  return VOCABULARY.test(path) ? "presence" : "all";
}

/** Reads the header of a file of `size` bytes, by its name a GGUF file or safetensors. @throws CHECKPOINT; what `read` throws */
export async function readHeader(path: string, size: number, read: ReadRange): Promise<void> {
  if (!GGUF.test(path)) {
    const start = await read(0, Math.min(size, SAFETENSORS_START));
    await read(start.byteLength, Math.min(size, safetensorsHeaderBytes(start)));
    return;
  }
  let here = new Uint8Array(0);
  const header = await arrivingGgufHeader(path, size, async (length) => {
    const more = await read(here.byteLength, length);
    const joined = new Uint8Array(length);
    joined.set(here);
    joined.set(more, here.byteLength);
    here = joined;
    return here;
  });
  for (const { byteOffset, byteLength } of configTensors(header)) await read(byteOffset, byteOffset + byteLength);
}

function configTensors({ tensors }: GgufHeader) {
  const named = [...tensors].filter(([name]) => CONFIG_TENSORS.test(name)).map(([, tensor]) => tensor);
  return named.filter(({ byteLength }) => byteLength <= CONFIG_TENSOR_BYTES);
}
