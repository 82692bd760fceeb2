// A model folder's weights by name: model.safetensors, or the shards that model.safetensors.index.json lists. The index is
// untrusted: it may not name files outside of the folder.
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { join, normalize, sep } from "node:path";
import { type FileReader, OctavoError, openSafetensors, readFile, type Tensor, type TensorFile } from "@octavo/core";
import { ConfigReader } from "./hf-config.js";
import type { WeightFiles } from "./model-source.js";
import { nearNames } from "./near-names.js";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** An open checkpoint. Its tensors are views into the files and live until `dispose()`. */
export class Checkpoint implements WeightFiles {
  readonly #files: readonly TensorFile[];
  readonly #homes: ReadonlyMap<string, TensorFile>;

  private constructor(files: readonly TensorFile[], homes: ReadonlyMap<string, TensorFile>) {
    this.#files = files;
    this.#homes = homes;
  }

  /**
   * Opens the folder's files; only headers are read.
   * @param read `Backend.mapFile`; by default files are read whole
   * @throws CHECKPOINT that names the file or tensor when something is missing, damaged or outside of the folder
   */
  static open(folder: string, read: FileReader = readFile): Checkpoint {
    const files: TensorFile[] = [];
    const open = (name: string) => {
      checkReadable(join(folder, name));
      const file = openSafetensors(join(folder, name), read);
      files.push(file);
      return file;
    };
    try {
      if (existsSync(join(folder, SINGLE))) {
        const file = open(SINGLE);
        return new Checkpoint(files, new Map([...file.tensors.keys()].map((name) => [name, file])));
      }
      if (existsSync(join(folder, INDEX))) return new Checkpoint(files, openShards(folder, open));
      throw checkpointError(folder, nothingToRead(folder));
    } catch (error) {
      for (const file of files) file.dispose();
      throw error;
    }
  }

  /** Every tensor's name. */
  get names(): Iterable<string> {
    return this.#homes.keys();
  }

  tensor(name: string): Tensor {
    const found = this.#homes.get(name)?.tensors.get(name);
    if (found !== undefined) return found;
    const near = nearNames(name, this.names);
    const hint = near.length > 0 ? `it has ${near.join(", ")}` : `it has ${this.#homes.size} other tensors`;
    throw checkpointError(
      name,
      `tensor ${name} is missing from ${this.origin(name)}: ${hint}. Is config.json of this model?`,
    );
  }

  origin(name: string): string {
    return this.#homes.get(name)?.path ?? this.#files.map((file) => file.path).join(", ");
  }

  dispose(): void {
    for (const file of this.#files) file.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function openShards(folder: string, open: (name: string) => TensorFile): Map<string, TensorFile> {
  const index = ConfigReader.open(join(folder, INDEX));
  const map = index.object("weight_map") ?? index.fail("weight_map", "an object from tensor names to files");
  const shards = new Map<string, TensorFile>();
  const homes = new Map<string, TensorFile>();
  for (const name of map.keys()) {
    const shard = map.string(name);
    let file = shards.get(shard);
    if (file === undefined) {
      checkShard(folder, shard, index.file);
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
function checkShard(folder: string, shard: string, index: string): void {
  const path = normalize(shard);
  const escapes =
    path === ".." || path.startsWith(`..${sep}`) || /^([/\\]|[a-z]:)/i.test(shard) || shard.includes("\0");
  if (escapes || !shard.endsWith(".safetensors")) {
    throw checkpointError(
      index,
      `${index} names the file ${JSON.stringify(shard)}, expected a .safetensors file inside of the folder`,
    );
  }
  if (existsSync(join(folder, shard))) return;
  throw checkpointError(
    join(folder, shard),
    `${join(folder, shard)} is missing; ${index} lists it. Download the model again.`,
  );
}

function nothingToRead(folder: string): string {
  const wanted = `${folder} has neither ${SINGLE} nor ${INDEX}`;
  let files: string[];
  try {
    files = readdirSync(folder);
  } catch (cause) {
    return `${folder} cannot be read: ${(cause as Error).message}`;
  }
  const dangling = [SINGLE, INDEX].find((file) => files.includes(file));
  if (dangling !== undefined) {
    return `${join(folder, dangling)} is a link to a file that does not exist. Download the model again.`;
  }
  const others = files.filter((file) => /\.(bin|pt|pth|gguf|safetensors)$/.test(file)).slice(0, 5);
  return others.length === 0
    ? `${wanted}: is it a model folder, and completely downloaded?`
    : `${wanted}, but ${others.join(", ")}: Octavo reads safetensors under these names; convert the model with transformers' save_pretrained`;
}

function checkpointError(param: string, message: string): OctavoError {
  return new OctavoError({ code: "CHECKPOINT", message, param });
}
