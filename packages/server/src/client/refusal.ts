// What a reply that is none says: what was asked, what came, what to do. A model of this process has no address: its words suffice.
import { OctavoError } from "@octavo/core";

const SHOWN = 200;

/** A reply with an error's status as an error. */
export async function refusal(response: Response): Promise<OctavoError> {
  const text = await response.text().catch(() => "");
  const said = errorMessage(text);
  const code = response.status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  if (response.url === "") return new OctavoError({ code, message: said ?? shown(text) });
  const found = said ?? (shown(text) || response.statusText);
  const advice = said === undefined ? notOurs() : adviceOf(response);
  return new OctavoError({ code, message: `${response.url} answers ${response.status}: ${found}${advice}` });
}

/** A reply's JSON. @throws INTERNAL where it is none */
export async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OctavoError({ code: "INTERNAL", message: `${notJson(response, text)}${notOurs()}`, cause });
  }
}

/** What came where JSON is expected. */
export function notJson({ url }: Response, text: string): string {
  return `${url || "the model"} answers with something else than JSON: ${shown(text)}`;
}

/** Of an OpenAI-compatible server. */
function errorMessage(text: string): string | undefined {
  try {
    const { error, detail, message } = JSON.parse(text) as Record<string, unknown>;
    const found = typeof error === "object" && error !== null ? (error as { message?: unknown }).message : error;
    return [found, detail, message].find((value) => typeof value === "string");
  } catch {
    return undefined;
  }
}

function adviceOf({ status, url }: Response): string {
  if (status === 401 || status === 403) return ". Give its key with --api-key, or in OCTAVO_API_KEY";
  const list = new URL("/v1/models", url).href;
  return status === 404 && list !== url ? ` ${list} lists the models that it has` : "";
}

function notOurs(): string {
  return ". Is it an OpenAI-compatible server, and this its address?";
}

function shown(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}...` : line;
}
