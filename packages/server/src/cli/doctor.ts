// `octavo doctor`: what this machine and this installation have, what is missing, and what to do about it.
import type { BackendReport } from "@octavo/engine";
import type { Machine } from "./machine.js";
import { formatBytes } from "./sizes.js";

export interface Check {
  readonly name: string;
  /** "missing": something optional. */
  readonly status: "ok" | "missing" | "problem";
  readonly found: string;
  readonly fix?: string;
}

export interface Facts {
  /** As `process.versions.node`. */
  readonly node: string;
  readonly platform: string;
  readonly machine: Machine;
  readonly backends: readonly BackendReport[];
  /** Folder of the model that comes with Octavo; null: not installed. */
  readonly defaultModel: string | null;
  readonly versions: Readonly<Record<string, string>>;
  readonly hub: HubFacts;
}

/** Where models by name come from. */
export interface HubFacts {
  /** The folder of the cache, and the bytes that are free on its disk; null: not known. */
  readonly cacheDir: string;
  readonly freeBytes: number | null;
  readonly models: number;
  readonly modelBytes: number;
  readonly endpoint: string;
  readonly hasToken: boolean;
  readonly offline: boolean;
}

const OLDEST_NODE = [20, 19] as const;

/** Everything that decides whether models run here. */
export function diagnose({ node, platform, machine, backends, defaultModel, versions, hub }: Facts): Check[] {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    checkNode(node),
    { name: "platform", status: "ok", found: platform + (machine.glibc ? `, glibc ${machine.glibc}` : "") },
    {
      name: "CPU",
      status: "ok",
      found: [machine.cpu, `${machine.threads} threads`, ...machine.instructionSets].join(", "),
    },
    checkMemory(machine),
    ...backends.map(checkBackend),
    { name: "packages", status: "ok", found: packages.join(", ") },
    defaultModel === null
      ? { name: "model", status: "missing", found: "no default model", fix: "npm install @octavo/model-pocket" }
      : { name: "model", status: "ok", found: defaultModel },
    checkCache(hub),
    checkHub(hub),
  ];
}

/** Less than this holds no model that is worth a download. */
const LITTLE_DISK = 2 ** 30;

function checkCache({ cacheDir, freeBytes, models, modelBytes }: HubFacts): Check {
  const free = freeBytes === null ? "" : `, ${formatBytes(freeBytes)} free`;
  const found = `${cacheDir}: ${models} model${models === 1 ? "" : "s"}, ${formatBytes(modelBytes)}${free}`;
  if (freeBytes === null || freeBytes >= LITTLE_DISK) return { name: "cache", status: "ok", found };
  const fix = "remove models with octavo rm, or name another place with HF_HUB_CACHE";
  return { name: "cache", status: "missing", found, fix };
}

function checkHub({ endpoint, hasToken, offline }: HubFacts): Check {
  const found = `${endpoint}, ${hasToken ? "with a token" : "without a token: gated models need one in HF_TOKEN"}`;
  if (!offline) return { name: "hub", status: "ok", found };
  const fix = "unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE, unless only models of the cache are wanted";
  return { name: "hub", status: "missing", found: `not asked: HF_HUB_OFFLINE is set (${endpoint})`, fix };
}

function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  if (!isOld) return { name: "Node.js", status: "ok", found: version };
  return {
    name: "Node.js",
    status: "problem",
    found: version,
    fix: `install Node.js ${OLDEST_NODE.join(".")} or later`,
  };
}

/** Less than this leaves no room for any model and its cache. */
const LITTLE_MEMORY = 2 ** 29;

function checkMemory({ availableBytes, totalBytes }: Machine): Check {
  const found = `${formatBytes(availableBytes)} available of ${formatBytes(totalBytes)}`;
  if (availableBytes >= LITTLE_MEMORY) return { name: "memory", status: "ok", found };
  return {
    name: "memory",
    status: "problem",
    found,
    fix: "end other programs; --kv-cache-memory-bytes makes Octavo take less",
  };
}

/** The CPU's is needed, CUDA's is not: a machine without a GPU is well. */
function checkBackend({ device, package: name, version, description, problem }: BackendReport): Check {
  const label = device === "cpu" ? "CPU kernels" : "CUDA kernels";
  const installed = version === null ? "" : `${name} ${version}: `;
  if (problem === null) return { name: label, status: "ok", found: installed + description };
  const status = device === "cpu" ? "problem" : "missing";
  const fix = version === null ? `npm install ${name}` : undefined;
  return { name: label, status, found: version === null ? "not installed" : installed + problem, ...(fix && { fix }) };
}

const MARKS = { ok: "ok", missing: "--", problem: "!!" } as const;

export function formatChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(({ name, status, found, fix }) => {
    const text = `${MARKS[status]} ${name.padEnd(width)}  ${found.replaceAll("\n", `\n${" ".repeat(width + 5)}`)}`;
    return fix ? `${text}\n${" ".repeat(width + 5)}fix: ${fix}` : text;
  });
  const problems = checks.filter(({ status }) => status === "problem").length;
  const end = problems === 0 ? "Models can run here." : `${problems} problem${problems === 1 ? "" : "s"}.`;
  return `${lines.join("\n")}\n\n${end}\n`;
}
