// What `octavo serve` prints once it answers.
import type { EngineInfo } from "@octavo/engine";
import { formatBytes } from "./cli/sizes.js";
import { version } from "./version.js";

export interface BannerOptions {
  readonly needsKey: boolean;
  /** Without one only token ids can be tried. */
  readonly hasTokenizer: boolean;
}

/** Lines for stdout: what is served, where, and a request to paste into a shell. */
export function banner(url: string, name: string, info: EngineInfo, options: BannerOptions): string {
  const [path, body] = example(name, info, options);
  const key = options.needsKey ? ` -H "Authorization: Bearer $OCTAVO_API_KEY"` : "";
  const quoted = JSON.stringify(body).replaceAll("'", `'\\''`);
  return [
    `Octavo ${version} serves ${name} (${facts(info)}) on ${info.device}, loaded in ${info.loadSeconds.toFixed(1)} s`,
    `  memory   ${describeMemory(info)}`,
    `  address  ${url}  (OpenAI API under /v1${pages(info, options)})`,
    `  try it   curl ${url}${path} -H "Content-Type: application/json"${key} -d '${quoted}'`,
    "",
  ].join("\n");
}

function facts({ architecture, dtype, maxModelLen, pooling }: EngineInfo): string {
  const vectors = pooling && `${pooling.type} embeddings of ${pooling.size} elements`;
  return [architecture, dtype, ...(vectors ? [vectors] : []), `${maxModelLen} tokens`].join(", ");
}

/** A request that this engine answers. */
function example(name: string, { pooling }: EngineInfo, { hasTokenizer }: BannerOptions): [path: string, body: object] {
  if (pooling) return ["/v1/embeddings", { model: name, input: hasTokenizer ? "Hello!" : [1, 2, 3] }];
  return hasTokenizer
    ? ["/v1/chat/completions", { model: name, messages: [{ role: "user", content: "Hello!" }] }]
    : ["/v1/completions", { model: name, prompt: [1, 2, 3] }];
}

function pages({ pooling }: EngineInfo, { hasTokenizer }: BannerOptions): string {
  if (!hasTokenizer) return "; token ids only";
  return pooling ? ", API page at /docs" : ", chat page at /, API page at /docs";
}

/** What is held on the device for what; on a GPU also of which share. */
function describeMemory({ memory, weightBytes, dedicated }: EngineInfo): string {
  const { weights, kv, workspace, tables } = memory;
  const mapped = dedicated ? 0 : Math.max(0, weightBytes - weights); // by the CPU, which computes in the files' pages
  const held = [
    `weights ${[...(weights > 0 ? [formatBytes(weights)] : []), ...(mapped > 0 ? [`${formatBytes(mapped)} mapped`] : [])].join(" and ")}`,
    ...(kv > 0 ? [`KV cache ${formatBytes(kv)}`] : []),
    `workspace ${formatBytes(workspace)}`,
    `tables ${formatBytes(tables)}`,
  ].join(", ");
  if (!dedicated) return held;
  const { totalBytes, contextBytes, shareBytes } = dedicated;
  const share = shareBytes === undefined ? "" : `share ${formatBytes(shareBytes)} of `;
  return `${held}, CUDA context ${formatBytes(contextBytes)}; ${share}the GPU's ${formatBytes(totalBytes)}`;
}
