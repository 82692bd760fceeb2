// How a GGUF file's model makes one vector of a text: `<architecture>.pooling_type`, LLAMA_POOLING_TYPE_* of llama.h. As llama.cpp does
// by default, vectors are scaled to length 1.
import type { PoolingConfig } from "../pooling.js";
import type { GgufFacts } from "./gguf-facts.js";
import { unsupportedKey } from "./gguf-keys.js";

const KEY = "pooling_type";
const NONE = 0;
const TYPES = new Map([
  [1, "mean"],
  [2, "cls"],
  [3, "last"],
] as const);

/** Null where the file does not say. @throws UNSUPPORTED for another kind, such as a reranker's */
export function ggufPooling(file: GgufFacts): PoolingConfig | null {
  const found = file.read(KEY);
  if (found === undefined || found === NONE) return null;
  const type = TYPES.get(found as 1 | 2 | 3);
  if (type !== undefined) return { type, normalize: true };
  throw unsupportedKey(file.path, `${file.architecture}.${KEY}`, found, "0 (none), 1 (mean), 2 (cls), 3 (last)");
}
