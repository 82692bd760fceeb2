// What `octavo serve` prints once it answers.
import type { EngineInfo } from "@octavo/engine";
import { version } from "./version.js";

/** Lines for stdout: what is served, where, and a request to paste into a shell. */
export function banner(url: string, name: string, info: EngineInfo, options: { readonly needsKey: boolean }): string {
  const body = JSON.stringify({ model: name, messages: [{ role: "user", content: "Hello!" }] });
  const key = options.needsKey ? ` -H "Authorization: Bearer $OCTAVO_API_KEY"` : "";
  const quoted = body.replaceAll("'", `'\\''`);
  return [
    `Octavo ${version} serves ${name} (${info.architecture}, ${info.dtype}, ${info.maxModelLen} tokens) on ${info.device}, loaded in ${info.loadSeconds.toFixed(1)} s`,
    `  memory   ${describeMemory(info)}`,
    `  address  ${url}  (OpenAI API under /v1, chat page at /, API page at /docs)`,
    `  try it   curl ${url}/v1/chat/completions -H "Content-Type: application/json"${key} -d '${quoted}'`,
    "",
  ].join("\n");
}

/** What is held on the device for what; on a GPU also of which share. */
function describeMemory({ memory, dedicated }: EngineInfo): string {
  const names = { weights: "weights", kv: "KV cache", workspace: "workspace", tables: "tables" } as const;
  const held = Object.entries(names).map(([purpose, name]) => `${name} ${size(memory[purpose as keyof typeof names])}`);
  if (!dedicated) return held.join(", ");
  const { totalBytes, contextBytes, shareBytes } = dedicated;
  return `${[...held, `CUDA context ${size(contextBytes)}`].join(", ")}; share ${size(shareBytes)} of the GPU's ${size(totalBytes)}`;
}

function size(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
