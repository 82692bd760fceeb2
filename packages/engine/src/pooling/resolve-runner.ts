// Whether a model generates or embeds.
import { checkArgument, OctavoError } from "@octavo/core";
import { isEncoder, type ModelSource, type PoolingConfig } from "@octavo/models";
import { type EngineOptions, resolveRunner } from "../engine-options.js";

/**
 * How the engine makes embeddings; null where it generates. As in vLLM an encoder embeds, and so does a decoder whose folder has
 * sentence-transformers' files; what those leave out is the first token's vector of an encoder and the last one's of a decoder, of
 * length 1.
 * @throws UNSUPPORTED for an encoder that shall generate, INVALID_ARGUMENT for options that only generation has
 */
export function resolvePooling(
  options: EngineOptions,
  source: Pick<ModelSource, "path" | "config" | "pooling">,
): PoolingConfig | null {
  const asked = resolveRunner(options);
  const encoder = isEncoder(source.config);
  if (asked === "generate" && encoder) {
    throw new OctavoError({
      code: "UNSUPPORTED",
      message: `runner is generate, but ${source.path} is ${source.config.architecture}, an encoder: it embeds texts and generates nothing; leave runner at auto`,
      param: "runner",
    });
  }
  if (asked === "generate") return null;
  const own = source.pooling();
  if (asked === "auto" && !encoder && own === null) return null;
  const {
    speculativeConfig,
    kvOffloadingSize = 0,
    workerExtensionCls,
    logitsProcessors = [],
    schedulingPolicy,
  } = options;
  for (const [flag, isGiven] of [
    ["speculative_config", speculativeConfig !== undefined],
    ["kv_offloading_size", kvOffloadingSize > 0],
    ["worker_extension_cls", workerExtensionCls !== undefined],
    ["logits_processors", logitsProcessors.length > 0],
    ["scheduling_policy fairness", schedulingPolicy === "fairness"],
  ] as const) {
    checkArgument(!isGiven, `${flag} is for models that generate; ${source.path} makes embeddings, leave it out`, flag);
  }
  return own ?? { type: encoder ? "cls" : "last", normalize: true };
}
