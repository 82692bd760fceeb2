// What users write as MODEL: a path, or a model of a hub in the ways of Hugging Face, vLLM, llama.cpp and ollama.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { checkArgument } from "@octavo/core";
import { type Environment, prefersModelScope } from "./environment.js";
import { checkRevision, isModelId } from "./names.js";

export type HostName = "huggingface" | "modelscope";

/** A model of a hub. */
export interface HubReference {
  readonly kind: "hub";
  readonly host: HostName;
  /** `org/name`, or `name` alone. */
  readonly id: string;
  /** Branch, tag or commit. Absent: the host's default branch. */
  readonly revision?: string;
  /** One file of the repository, or the first of a split one. */
  readonly file?: string;
  /** Which GGUF file: `Q4_K_M`. */
  readonly quantization?: string;
}

/** A folder or file of this machine; it need not be there. */
export interface LocalReference {
  readonly kind: "local";
  readonly path: string;
}

const PREFIXES: readonly (readonly [prefix: string, host: HostName])[] = [
  ["hf://", "huggingface"],
  ["https://huggingface.co/", "huggingface"],
  ["huggingface.co/", "huggingface"],
  ["https://hf.co/", "huggingface"],
  ["hf.co/", "huggingface"],
  ["ms://", "modelscope"],
  ["https://www.modelscope.cn/models/", "modelscope"],
  ["https://modelscope.cn/models/", "modelscope"],
];

/** What follows the name in the address of a page or file. */
const IN_BROWSER = /^([^/]+\/[^/]+)\/(?:tree|blob|resolve)\/([^/?#]+)(\/[^?#]+)?(?:[?#].*)?$/;
const HUB_NAME = /^([^@:]+?)(?:@([^:]*))?(?::([A-Za-z0-9_.-]+))?$/;

/**
 * A path is what begins with `/`, `.` or `~`, what exists, and what is no name that a hub could have. Everything else is
 * `[PREFIX]org/name[@REVISION][:QUANTIZATION]` or `[PREFIX]org/name[@REVISION]/file.gguf`.
 * @throws INVALID_ARGUMENT for a prefix without a model's name, or a revision that git could not have
 */
export function parseReference(text: string, env: Environment = process.env): HubReference | LocalReference {
  const prefixed = PREFIXES.find(([prefix]) => text.startsWith(prefix));
  if (prefixed === undefined && (/^[/.]|^$/.test(text) || existsSync(text))) return { kind: "local", path: text };
  if (/^~(\/|$)/.test(text)) return { kind: "local", path: join(homedir(), text.slice(1)) };
  const host = prefixed?.[1] ?? (prefersModelScope(env) ? "modelscope" : "huggingface");
  const name = prefixed === undefined ? text : text.slice(prefixed[0].length).replace(IN_BROWSER, "$1@$2$3");
  const reference = parseHubName(name, host);
  if (reference !== undefined && (prefixed !== undefined || mayBeMeant(reference))) return reference;
  checkArgument(
    prefixed === undefined,
    `${text} names no model of a hub: write ${prefixed?.[0]}org/name, with @REVISION, :QUANTIZATION or /file.gguf after it`,
    "MODEL",
  );
  return { kind: "local", path: text };
}

/** `model.gguf` and `folder/config.json` are files that are not there, not models of a hub. */
function mayBeMeant({ id }: HubReference): boolean {
  return !/\.(gguf|safetensors|json|bin|pth?)$/i.test(id);
}

function parseHubName(name: string, host: HostName): HubReference | undefined {
  const match = HUB_NAME.exec(name.replace(/\/$/, ""));
  if (match === null) return undefined;
  const [, path, version, quantization] = match;
  // A revision may have slashes, but no file of a repository comes after it then.
  const inVersion = version === undefined ? null : /^([^/]+)\/(.+\.gguf)$/i.exec(version);
  const revision = inVersion?.[1] ?? version;
  const segments = path!.split("/");
  const file = inVersion?.[2] ?? (segments.length > 2 ? segments.slice(2).join("/") : undefined);
  const id = segments.slice(0, 2).join("/");
  if (!isModelId(id) || (file !== undefined && !/\.gguf$/i.test(file))) return undefined;
  if (revision !== undefined) checkRevision(revision);
  return {
    kind: "hub",
    host,
    id,
    ...(revision !== undefined && { revision }),
    ...(file !== undefined && { file }),
    ...(quantization !== undefined && { quantization }),
  };
}

/** As a user would write it. */
export function formatReference({ host, id, revision, file, quantization }: HubReference): string {
  const version = revision === undefined ? "" : `@${revision}`;
  return `${host === "modelscope" ? "ms://" : ""}${id}${version}${file ? `/${file}` : ""}${quantization ? `:${quantization}` : ""}`;
}
