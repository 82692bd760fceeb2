// How the hidden states of a text become one vector, as sentence-transformers' files in a model's folder say (modules.json and what it
// names). The files are untrusted.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";
import { ConfigReader } from "./hf-config.js";
import { type ProjectionConfig, readProjection } from "./projection-config.js";

/** Which hidden states become the vector: the first token's, the last one's, or the mean of all. */
export type PoolingType = "cls" | "last" | "mean";

export interface PoolingConfig {
  readonly type: PoolingType;
  /** Whether vectors are scaled to length 1. */
  readonly normalize: boolean;
  /** What vectors go through before that. Default: nothing. */
  readonly projections?: readonly ProjectionConfig[];
  /** Tokens of a text that sentence-transformers reads at most; undefined where the folder does not say. */
  readonly maxSeqLength?: number;
}

/** Lengths that a model's vectors may be cut to, for which it was trained (Matryoshka). "any": all; null: none. */
export type MatryoshkaDimensions = readonly number[] | "any" | null;

/** Names of the modes in 1_Pooling/config.json, up to sentence-transformers 5 as "pooling_mode_..." fields. */
const MODES: ReadonlyMap<string, PoolingType> = new Map([
  ["cls", "cls"],
  ["cls_token", "cls"],
  ["mean", "mean"],
  ["mean_tokens", "mean"],
  ["lasttoken", "last"],
]);
const SUPPORTED = ["cls", "mean", "lasttoken"];
const OLD_FIELD = "pooling_mode_";
/** Modules in the order that Octavo runs them in. */
const KNOWN_MODULES = ["Transformer", "Pooling", "Dense", "Normalize"];
/** What `max_seq_length` stands in, by the kind of model that it was first made for. */
const LENGTH_FILES = ["bert", "roberta", "distilbert", "camembert", "xlm-roberta"].map(
  (kind) => `sentence_${kind}_config.json`,
);

interface Module {
  readonly kind: string;
  readonly path: string;
}

/**
 * What sentence-transformers does with this model; null where the folder has no modules.json.
 * @throws CHECKPOINT or UNSUPPORTED that names file and field
 */
export function readPooling(folder: string): PoolingConfig | null {
  const file = join(folder, "modules.json");
  if (!existsSync(file)) return null;
  const modules = readModules(file);
  for (const { kind } of modules) {
    if (KNOWN_MODULES.includes(kind)) continue;
    const message = `${file} has a module ${kind}, which Octavo does not support; it supports ${KNOWN_MODULES.join(", ")}`;
    throw new OctavoError({ code: "UNSUPPORTED", message, param: file });
  }
  const pooling = modules.find(({ kind }) => kind === "Pooling");
  if (pooling === undefined && modules.every(({ kind }) => kind === "Transformer")) return null;
  checkOrder(modules, file);
  const maxSeqLength = readMaxSeqLength(folder);
  const dense = modules.filter(({ kind }) => kind === "Dense");
  const projections = dense.map(({ path }) => readProjection(join(folder, path)));
  return {
    type: readType(ConfigReader.open(join(folder, pooling!.path, "config.json"))),
    normalize: modules.some(({ kind }) => kind === "Normalize"),
    ...(projections.length > 0 && { projections }),
    ...(maxSeqLength !== undefined && { maxSeqLength }),
  };
}

/** @throws UNSUPPORTED for a Dense in front of the pooling (ColBERT), say */
function checkOrder(modules: readonly Module[], file: string): void {
  const kinds = modules.map(({ kind }) => kind).join(", ");
  if (/^Transformer, Pooling(, Dense)*(, Normalize)?$/.test(kinds)) return;
  const message = `${file} has the modules ${kinds}; Octavo runs them as Transformer, Pooling, any number of Dense, Normalize`;
  throw new OctavoError({ code: "UNSUPPORTED", message, param: file });
}

/** As vLLM: `matryoshka_dimensions` or `is_matryoshka` of config.json. @throws CHECKPOINT that names file and field */
export function readMatryoshka(config: ConfigReader): MatryoshkaDimensions {
  const [list, any] = ["matryoshka_dimensions", "is_matryoshka"] as const;
  const sizes = config.raw(list) ?? [];
  const isList = Array.isArray(sizes) && sizes.every((size) => Number.isSafeInteger(size) && size >= 1);
  if (!isList) config.fail(list, "a list of whole numbers from 1");
  if (sizes.length > 0) return [...sizes].sort((a, b) => a - b);
  return config.boolean(any, false) ? "any" : null;
}

function readModules(file: string): Module[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw damaged(file, `not valid JSON (${(cause as Error).message})`);
  }
  if (!Array.isArray(parsed)) throw damaged(file, "expected a list of modules");
  return parsed.map((module: unknown, index) => {
    const { type, path } = (module ?? {}) as { type?: unknown; path?: unknown };
    // A plain name: the list may not lead out of the folder.
    const isPlain = typeof path === "string" && /^[\w-]*$/.test(path);
    if (typeof type !== "string" || !isPlain) {
      throw damaged(file, `module ${index} needs a "type" and a "path" that is a folder's name`);
    }
    return { kind: type.slice(type.lastIndexOf(".") + 1), path };
  });
}

function readType(reader: ConfigReader): PoolingType {
  const on = reader
    .keys()
    .filter((key) => key.startsWith(OLD_FIELD) && reader.raw(key) === true)
    .map((key) => key.slice(OLD_FIELD.length));
  const names = reader.has("pooling_mode") ? [reader.string("pooling_mode")] : on;
  if (names.length !== 1) reader.unsupported("pooling_mode", SUPPORTED);
  return (
    MODES.get(names[0]!) ??
    reader.unsupported(reader.has("pooling_mode") ? "pooling_mode" : OLD_FIELD + names[0], SUPPORTED)
  );
}

function readMaxSeqLength(folder: string): number | undefined {
  const name = LENGTH_FILES.find((file) => existsSync(join(folder, file)));
  if (name === undefined) return undefined;
  const reader = ConfigReader.open(join(folder, name));
  return reader.has("max_seq_length") ? reader.size("max_seq_length", { max: 2 ** 31 - 1 }) : undefined;
}

function damaged(file: string, found: string): OctavoError {
  const message = `${file}: ${found}. Correct it, or download the file again.`;
  return new OctavoError({ code: "CHECKPOINT", message, param: file });
}
