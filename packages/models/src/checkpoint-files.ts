// Which files of a model folder hold its weights: one, or the shards that an index lists, in either of two containers. The index is
// untrusted: it may not name files outside of the folder.
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { join, normalize, sep } from "node:path";
import { type FileReader, OctavoError, openPickle, openSafetensors, type TensorFile } from "@octavo/core";
import { ConfigReader } from "./hf-config.js";

/** The containers of a folder's weights, by vLLM's words for `--load-format`. */
export type CheckpointFormat = "safetensors" | "pt";

interface Container {
  readonly format: CheckpointFormat;
  /** Names of a file that holds everything; the first that exists is read. */
  readonly singles: readonly string[];
  readonly index: string;
  /** Of shards. */
  readonly ending: string;
  open(path: string, read: FileReader): TensorFile;
}

/** In the order of preference. */
const CONTAINERS: readonly Container[] = [
  {
    format: "safetensors",
    singles: ["model.safetensors"],
    index: "model.safetensors.index.json",
    ending: ".safetensors",
    open: openSafetensors,
  },
  {
    format: "pt",
    singles: ["pytorch_model.bin", "pytorch_model.pt", "model.pt", "consolidated.pth", "consolidated.00.pth"],
    index: "pytorch_model.bin.index.json",
    ending: ".bin",
    open: openPickle,
  },
];

/** What a folder has, the preferred one first. */
export function checkpointFormats(folder: string): CheckpointFormat[] {
  return CONTAINERS.filter((container) => mainFile(folder, container) !== undefined).map(({ format }) => format);
}

/**
 * Opens a folder's files; only their headers are read.
 * @param format "auto": safetensors where there are both
 * @param opened gets every file at once, so that the caller can close what was opened before an error
 * @returns the file of each tensor
 * @throws CHECKPOINT that names the file or tensor when something is missing, damaged or outside of the folder
 */
export function openCheckpointFiles(
  folder: string,
  read: FileReader,
  format: CheckpointFormat | "auto",
  opened: TensorFile[],
): Map<string, TensorFile> {
  const wanted = CONTAINERS.filter((container) => format === "auto" || container.format === format);
  for (const container of wanted) {
    const main = mainFile(folder, container);
    if (main === undefined) continue;
    const open = (name: string) => {
      checkReadable(join(folder, name));
      const file = container.open(join(folder, name), read);
      opened.push(file);
      return file;
    };
    if (main === container.index) return openShards(folder, container, open);
    checkWhole(folder, main);
    const file = open(main);
    return new Map([...file.tensors.keys()].map((name) => [name, file]));
  }
  throw checkpointError(folder, nothingToRead(folder, wanted));
}

function mainFile(folder: string, { singles, index }: Container): string | undefined {
  return [...singles, index].find((name) => existsSync(join(folder, name)));
}

function openShards(
  folder: string,
  { index: name, ending }: Container,
  open: (name: string) => TensorFile,
): Map<string, TensorFile> {
  const index = ConfigReader.open(join(folder, name));
  const map = index.object("weight_map") ?? index.fail("weight_map", "an object from tensor names to files");
  const shards = new Map<string, TensorFile>();
  const homes = new Map<string, TensorFile>();
  for (const name of map.keys()) {
    const shard = map.string(name);
    let file = shards.get(shard);
    if (file === undefined) {
      checkShard(folder, shard, ending, index.file);
      file = open(shard);
      shards.set(shard, file);
    }
    if (!file.tensors.has(name)) {
      throw checkpointError(
        name,
        `${index.file} says that tensor ${name} is in ${shard}, but that file does not have it. Download both again.`,
      );
    }
    homes.set(name, file);
  }
  return homes;
}

/** Meta's files are cut for several GPUs, through the tensors. */
function checkWhole(folder: string, name: string): void {
  if (name !== "consolidated.00.pth" || !existsSync(join(folder, "consolidated.01.pth"))) return;
  throw checkpointError(
    folder,
    `${join(folder, name)} is a part of a model cut for several GPUs: take the model in Hugging Face layout (model.safetensors)`,
  );
}

/** Here and not left to the backend's mapFile, so that every backend gives the same advice. */
function checkReadable(path: string): void {
  let found: string;
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).isFile()) return;
    found = "it is not a file";
  } catch (cause) {
    found = (cause as Error).message;
  }
  throw checkpointError(path, `cannot read ${path}: ${found}. It must be a file that this user may read.`);
}

/** Links are followed (the Hugging Face cache is made of them), but the name itself must stay inside. */
function checkShard(folder: string, shard: string, ending: string, index: string): void {
  const path = normalize(shard);
  const escapes =
    path === ".." || path.startsWith(`..${sep}`) || /^([/\\]|[a-z]:)/i.test(shard) || shard.includes("\0");
  if (escapes || !shard.endsWith(ending)) {
    throw checkpointError(
      index,
      `${index} names the file ${JSON.stringify(shard)}, expected a ${ending} file inside of the folder`,
    );
  }
  if (existsSync(join(folder, shard))) return;
  throw checkpointError(
    join(folder, shard),
    `${join(folder, shard)} is missing; ${index} lists it. Download the model again.`,
  );
}

function nothingToRead(folder: string, wanted: readonly Container[]): string {
  const names = wanted.flatMap(({ singles, index }) => [singles[0]!, index]);
  const missing = `${folder} has neither ${names.join(" nor ")}`;
  let files: string[];
  try {
    files = readdirSync(folder);
  } catch (cause) {
    return `${folder} cannot be read: ${(cause as Error).message}`;
  }
  const dangling = wanted.flatMap(({ singles, index }) => [...singles, index]).find((file) => files.includes(file));
  if (dangling !== undefined) {
    return `${join(folder, dangling)} is a link to a file that does not exist. Download the model again.`;
  }
  const others = files.filter((file) => /\.(bin|pt|pth|gguf|safetensors)$/.test(file)).slice(0, 5);
  return others.length === 0
    ? `${missing}: is it a model folder, and completely downloaded?`
    : `${missing}, but ${others.join(", ")}: Octavo reads weights under these names; rename the file if it holds the whole model`;
}

/** An error of a checkpoint's files. */
export function checkpointError(param: string, message: string): OctavoError {
  return new OctavoError({ code: "CHECKPOINT", message, param });
}
