// A model in several GGUF files: `name-00001-of-00003.gguf` and so on, each with tensors of its own, the metadata in the first.
import { OctavoError } from "../../errors.js";
import type { GgufHeader } from "./gguf-header.js";

const SPLIT_NAME = /^(.*-)(\d{5})(-of-)(\d{5})(\.gguf)$/is;
const MAX_SPLITS = 99_999;

/** The files that belong together with the one at `path`, in order; `path` alone unless its name is that of a split. */
export function splitPaths(path: string): string[] {
  const match = SPLIT_NAME.exec(path);
  const count = Number(match?.[4]);
  if (match === null || count < 1 || count > MAX_SPLITS || Number(match[2]) > count) return [path];
  const [, name, , of, total, ending] = match;
  return Array.from({ length: count }, (_, i) => `${name}${String(i + 1).padStart(5, "0")}${of}${total}${ending}`);
}

/**
 * Checks that files in this order are the splits of one model.
 * @throws CHECKPOINT that names the file that does not fit, or a tensor that two of them have
 */
export function checkSplits(headers: readonly GgufHeader[]): void {
  const [first] = headers;
  const claimed = first?.metadata.get("split.count");
  const homes = new Map<string, string>();
  for (const [i, { path, metadata, tensors }] of headers.entries()) {
    const count = metadata.get("split.count");
    const number = metadata.get("split.no");
    // A file that was never split has neither key; llama.cpp writes a count of 0 or 1 too.
    if (headers.length > 1 && (count !== headers.length || number !== i)) {
      throw notOfOne(
        path,
        `it says that it is split ${show(number)} of ${show(count)}, by its name it is ${i} of ${headers.length}`,
      );
    }
    if (headers.length === 1 && typeof claimed === "number" && claimed > 1) {
      throw notOfOne(
        path,
        `it is one of ${claimed} files, but its name does not end in -0000N-of-0000M.gguf; rename it as it was`,
      );
    }
    for (const name of tensors.keys()) {
      const home = homes.get(name);
      if (home !== undefined) throw notOfOne(path, `tensor ${name.slice(0, 64)} is in ${home} too`);
      homes.set(name, path);
    }
  }
  const total = first?.metadata.get("split.tensors.count");
  if (first === undefined || headers.length === 1 || total === undefined || total === homes.size) return;
  throw notOfOne(
    first.path,
    `it says that the model has ${show(total)} tensors, its ${headers.length} files have ${homes.size}`,
  );
}

function notOfOne(path: string, found: string): OctavoError {
  const message = `${path} cannot be opened as a part of a split GGUF model: ${found}. Download all its files again.`;
  return new OctavoError({ code: "CHECKPOINT", message, param: path });
}

function show(value: unknown): string {
  return value === undefined ? "(missing)" : String(value).slice(0, 32);
}
