/** Models of Hugging Face's hub and ModelScope, in a cache that Python shares. @module @octavo/hub */
export { planRemoval, type Removal, removeModel } from "./cache/remove-model.js";
export { RepoFolder } from "./cache/repo-folder.js";
export { type CachedModel, type CachedRevision, scanCache } from "./cache/scan-cache.js";
export type { DownloadProgress, OnProgress } from "./download/progress.js";
export {
  type Environment,
  type HostSettings,
  huggingFaceSettings,
  isOffline,
  modelScopeSettings,
} from "./environment.js";
export { HubError, type HubErrorReason } from "./hub-error.js";
export type { AskOptions } from "./listed-model.js";
export { type PeekedModel, peek } from "./peek.js";
export { type PullOptions, pull } from "./pull.js";
export { formatReference, type HostName, type HubReference, type LocalReference, parseReference } from "./reference.js";
export { resolveHeaders, resolveModel } from "./resolve-model.js";
export type { PulledModel } from "./select/wanted.js";
