// Which files of a repository a model needs: config, tokenizer, and weights in one form.
import { HubError } from "../hub-error.js";
import { chooseGguf, isGgufModel, splitFiles } from "./gguf-files.js";
import { matchesAny } from "./patterns.js";
import type { Selection, Wanted } from "./wanted.js";

/** Reads a file that lists shards, which is fetched for that. */
export type ReadIndex = (path: string) => Promise<string>;

/** Config, tokenizer and template of a model; poolings of sentence-transformers. In the folder itself: others are of other formats. */
const SMALL = [
  /^[^/]+\.(json|jinja|tiktoken)$/,
  /^(merges|vocab)\.txt$/,
  /^[^/]*\.model(\.v\d+)?$/,
  /^additional_chat_templates\/[^/]+\.jinja$/,
  /^\d+_[A-Za-z]+\/(config\.json|model\.safetensors)$/,
];

/** Weights, best first: without running code, then those that a safe reader can still take. */
const WEIGHTS = [
  { index: "model.safetensors.index.json", single: "model.safetensors", all: /^[^/]+\.safetensors$/ },
  { index: "pytorch_model.bin.index.json", single: "pytorch_model.bin", all: /^pytorch_model[^/]*\.bin$/ },
] as const;
const INDEX = /\.index\.json$/;

/** @throws HubError that says what there is instead */
export async function selectFiles(paths: readonly string[], wanted: Wanted, readIndex: ReadIndex): Promise<Selection> {
  const { id, file, quantization, include, exclude = [] } = wanted;
  if (include !== undefined)
    return {
      paths: taken(
        paths.filter((path) => matchesAny(path, include)),
        wanted,
      ),
    };
  if (file !== undefined) {
    if (!paths.includes(file)) throw noFile(paths, id, file);
    const files = splitFiles(paths, file);
    return { paths: files, entry: files[0]! };
  }
  const isFolder = quantization === undefined && paths.includes("config.json");
  const [weights, hasWeights] = isFolder ? await folderWeights(paths, wanted, readIndex) : [[], false];
  const ggufs = paths.filter(isGgufModel);
  if (quantization !== undefined || (!hasWeights && ggufs.length > 0)) {
    const files = chooseGguf(ggufs, quantization, id);
    return { paths: files, entry: files[0]! };
  }
  const needsWeights = wanted.weights !== false && exclude.length === 0;
  if (needsWeights && !(isFolder && hasWeights)) throw notAModel(paths, id, isFolder);
  const small = paths.filter((path) => SMALL.some((pattern) => pattern.test(path)) && !INDEX.test(path));
  return { paths: taken([...small, ...weights], wanted) };
}

function taken(paths: readonly string[], { id, exclude = [] }: Wanted): string[] {
  const kept = paths.filter((path) => !matchesAny(path, exclude)).sort();
  if (kept.length > 0) return kept;
  throw new HubError("not_found", `no file of ${id} is what --include and --exclude leave`, { param: id });
}

/** Names of weights, and of their index; and whether there are any. */
async function folderWeights(
  paths: readonly string[],
  { id, weights = true }: Wanted,
  readIndex: ReadIndex,
): Promise<readonly [paths: readonly string[], hasWeights: boolean]> {
  for (const { index, single, all } of WEIGHTS) {
    const files = paths.filter((path) => all.test(path));
    if (files.length === 0) continue;
    if (!weights) return [[], true];
    if (paths.includes(index)) return [[index, ...shardsOf(await readIndex(index), index, paths, id)], true];
    return [paths.includes(single) ? [single] : files, true];
  }
  return [[], false];
}

/** The files that an index lists. */
function shardsOf(text: string, index: string, paths: readonly string[], id: string): string[] {
  let map: unknown;
  try {
    map = (JSON.parse(text) as { weight_map?: unknown }).weight_map;
  } catch {
    // Said below.
  }
  const shards = [...new Set(Object.values(typeof map === "object" && map !== null ? map : {}))];
  const missing = shards.find((shard) => typeof shard !== "string" || !paths.includes(shard));
  if (shards.length > 0 && missing === undefined) return shards as string[];
  const found = shards.length === 0 ? "lists no files" : `lists ${JSON.stringify(missing)}, which is not there`;
  throw new HubError("damaged", `${index} of ${id} ${found}: the model is not complete`, { param: index });
}

function noFile(paths: readonly string[], id: string, file: string): HubError {
  const others = paths.filter(isGgufModel).slice(0, 10);
  const advice = others.length > 0 ? `it has ${others.join(", ")}` : "it has no GGUF file";
  return new HubError("not_found", `${id} has no file ${file}: ${advice}.`, { param: file });
}

function notAModel(paths: readonly string[], id: string, isFolder: boolean): HubError {
  const lacks = isFolder ? "no weights (safetensors, pytorch_model.bin or GGUF)" : "neither config.json nor GGUF files";
  const shown = paths.slice(0, 8).join(", ") || "nothing";
  const advice = "octavo pull --include takes any files";
  return new HubError("not_found", `${id} is no model that can be loaded: it has ${lacks}, but ${shown}; ${advice}.`, {
    param: id,
  });
}
