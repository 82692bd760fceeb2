// The variables that Hugging Face's and ModelScope's own clients read, with the same meanings.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** `process.env`, or what a test puts in its place. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is known of one host. */
export interface HostSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly cacheDir: string;
  readonly token: string | undefined;
}

/** HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME; the token of HF_TOKEN or of `hf auth login`. */
export function huggingFaceSettings(env: Environment): HostSettings {
  const home = path(env, "HF_HOME") ?? join(path(env, "XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "huggingface");
  const cacheDir = path(env, "HF_HUB_CACHE") ?? path(env, "HUGGINGFACE_HUB_CACHE") ?? join(home, "hub");
  const given = text(env, "HF_TOKEN") ?? text(env, "HUGGING_FACE_HUB_TOKEN");
  const stored = isSet(env, "HF_HUB_DISABLE_IMPLICIT_TOKEN")
    ? undefined
    : readToken(path(env, "HF_TOKEN_PATH") ?? join(home, "token"));
  return { endpoint: url(env, "HF_ENDPOINT") ?? "https://huggingface.co", cacheDir, token: given ?? stored };
}

/** MODELSCOPE_ENDPOINT or MODELSCOPE_DOMAIN, MODELSCOPE_CACHE, MODELSCOPE_API_TOKEN. */
export function modelScopeSettings(env: Environment): HostSettings {
  const domain = text(env, "MODELSCOPE_DOMAIN");
  const endpoint = url(env, "MODELSCOPE_ENDPOINT") ?? `https://${domain ?? "www.modelscope.cn"}`;
  const cache = path(env, "MODELSCOPE_CACHE") ?? join(homedir(), ".cache", "modelscope");
  return { endpoint, cacheDir: join(cache, "octavo"), token: text(env, "MODELSCOPE_API_TOKEN") };
}

/** Addresses of proxies, and the hosts that are reached without one. Empty: none. */
export interface Proxies {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in small letters first. */
export function proxiesOf(env: Environment): Proxies {
  const either = (name: string) => text(env, name.toLowerCase()) ?? text(env, name) ?? "";
  return { httpProxy: either("HTTP_PROXY"), httpsProxy: either("HTTPS_PROXY"), noProxy: either("NO_PROXY") };
}

/** HF_HUB_OFFLINE, or TRANSFORMERS_OFFLINE: nothing but the cache. */
export function isOffline(env: Environment): boolean {
  return isSet(env, "HF_HUB_OFFLINE") || isSet(env, "TRANSFORMERS_OFFLINE");
}

/** Whether a name without a prefix is one of ModelScope's; the variable is vLLM's. */
export function prefersModelScope(env: Environment): boolean {
  return isSet(env, "VLLM_USE_MODELSCOPE");
}

function isSet(env: Environment, name: string): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(env[name]?.toUpperCase() ?? "");
}

function text(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function url(env: Environment, name: string): string | undefined {
  return text(env, name)?.replace(/\/+$/, "");
}

function path(env: Environment, name: string): string | undefined {
  return env[name]?.replace(/^~(?=\/|$)/, homedir()) || undefined;
}

function readToken(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
