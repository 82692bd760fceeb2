// Which GGUF file of a repository: they hold one model in many quantizations.
import { HubError } from "../hub-error.js";

/** What llama.cpp takes when nothing is named. */
const DEFAULT_QUANTIZATION = "Q4_K_M";
const SPLIT = /-(\d{5})-of-(\d{5})(?=\.gguf$)/i;
/** Parts of a name that say how weights are stored. */
const QUANTIZATION = /(?:^|[-._/])((?:UD-)?(?:I?Q\d\w*|TQ\d\w*|MXFP4\w*|BF16|F16|F32|FP16|FP32))(?=[-./]|$)/gi;

/** One model; its files in order. */
interface Variant {
  readonly name: string;
  readonly files: readonly string[];
}

/**
 * The files of one GGUF model, the first of which stands for all.
 * @param asked a quantization. Default: Q4_K_M, or the only one there is
 * @throws HubError that lists what there is
 */
export function chooseGguf(paths: readonly string[], asked: string | undefined, id: string): readonly string[] {
  const variants = variantsOf(paths);
  if (asked !== undefined) {
    const fitting = variants.filter(({ name }) => hasPart(name, asked));
    // Beside `model-Q4_K_M.gguf` there may be `model-UD-Q4_K_M.gguf`.
    const shortest = fitting.toSorted((a, b) => a.name.length - b.name.length)[0];
    if (shortest !== undefined) return shortest.files;
    throw noSuch(variants, id, `no GGUF file of the quantization ${asked}`);
  }
  const [only, another] = variants;
  if (only !== undefined && another === undefined) return only.files;
  const usual = variants.find(({ name }) => hasPart(name, DEFAULT_QUANTIZATION));
  if (usual !== undefined) return usual.files;
  throw noSuch(variants, id, `several GGUF files, none of them ${DEFAULT_QUANTIZATION}`);
}

/** All files of the model that `path` is one of. */
export function splitFiles(paths: readonly string[], path: string): readonly string[] {
  return variantsOf(paths).find(({ files }) => files.includes(path))?.files ?? [path];
}

/** Whether a repository's file is a model by itself: no projector of images, no statistics for quantizing. */
export function isGgufModel(path: string): boolean {
  return /\.gguf$/i.test(path) && !/(^|[-._/])(mmproj|imatrix)([-._]|$)/i.test(path);
}

function variantsOf(paths: readonly string[]): Variant[] {
  const models = paths.filter(isGgufModel).sort();
  const groups = new Map<string, string[]>();
  for (const path of models) {
    const name = path.replace(SPLIT, "");
    groups.set(name, [...(groups.get(name) ?? []), path]);
  }
  return [...groups].map(([name, files]) => ({ name, files }));
}

function hasPart(name: string, part: string): boolean {
  const escaped = part.replace(/[.\\+*?^$()[\]{}|]/g, "\\$&");
  return new RegExp(`(^|[-._/])${escaped}(?=[-./]|$)`, "i").test(name);
}

function noSuch(variants: readonly Variant[], id: string, found: string): HubError {
  const names = variants.map(({ name }) => [...name.matchAll(QUANTIZATION)].at(-1)?.[1] ?? name);
  const listed = [...new Set(names)].slice(0, 40);
  const advice =
    listed.length === 0 ? "it has none at all" : `name one of these, as in ${id}:${listed[0]}: ${listed.join(", ")}`;
  return new HubError("not_found", `${id} has ${found}; ${advice}.`, { param: id });
}
