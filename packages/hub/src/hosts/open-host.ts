// The host of a reference, as the environment and the caller want it.
import { type Environment, huggingFaceSettings, modelScopeSettings } from "../environment.js";
import type { HostName } from "../reference.js";
import type { ModelHost } from "./host.js";
import { HuggingFace } from "./hugging-face.js";
import { ModelScope } from "./model-scope.js";

export interface HostOverrides {
  /** In place of the environment's. */
  readonly cacheDir?: string;
  readonly token?: string;
}

export function openHost(name: HostName, env: Environment, { cacheDir, token }: HostOverrides = {}): ModelHost {
  const own = { ...(cacheDir !== undefined && { cacheDir }), ...(token !== undefined && { token }) };
  return name === "modelscope"
    ? new ModelScope({ ...modelScopeSettings(env), ...own })
    : new HuggingFace({ ...huggingFaceSettings(env), ...own });
}
