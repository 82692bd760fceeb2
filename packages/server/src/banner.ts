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
    `  address  ${url}  (OpenAI API under /v1, chat page at /)`,
    `  try it   curl ${url}/v1/chat/completions -H "Content-Type: application/json"${key} -d '${quoted}'`,
    "",
  ].join("\n");
}
