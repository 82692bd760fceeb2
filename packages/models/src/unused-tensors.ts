// Tensors of a checkpoint that the model does not read: which of them are refused.
//
// A config.json that does not belong to the weights must not quietly give another model. So a parameter of one of the
// architecture's own modules (a known name, whatever the layer's number, with ".weight" or ".bias") is refused when it is not
// read: under another config the model would use it. Buffers that transformers used to save, and the head of a model that ties it
// to the embedding, carry nothing and are ignored. What is left (adapters, heads for other tasks, a vision tower) may be on
// purpose: one warning.
import { OctavoError } from "@octavo/core";
import type { QuantScheme } from "@octavo/quant";
import type { AnyArchitecture } from "./architecture.js";
import { blueprintParameters } from "./blueprint-parameters.js";
import type { ModelSource, WeightFiles } from "./model-source.js";
import { checkpointTensors, type ParameterSpec } from "./parameters.js";

/** Fields of config.json that add parameters to modules. */
const SWITCHES = [
  ["attention_bias", "attentionBias"],
  ["mlp_bias", "mlpBias"],
] as const;

const BUFFER =
  /(^|\.)(rotary_emb\.(inv_freq|cos_cached|sin_cached)|position_ids|masked_bias|(attn|attention|self_attn)\.bias)$/;
const PARAMETER = /\.(weight|bias)$/;
const SHOWN = 5;

/** What a model is about to be loaded from. */
export interface LoadPlan {
  readonly architecture: AnyArchitecture;
  readonly source: ModelSource;
  readonly scheme: QuantScheme;
  /** Everything that the architecture reads. */
  readonly specs: readonly ParameterSpec[];
}

/**
 * Looks at names only, so that a wrong config fails before anything is read.
 * @throws CHECKPOINT that names tensor, file and config field
 */
export function checkUnusedTensors(checkpoint: WeightFiles, plan: LoadPlan): void {
  const { architecture, source } = plan;
  const { config } = source;
  const read = tensorNames(plan);
  const untied = config.tieWordEmbeddings ? changedNames(plan, { tieWordEmbeddings: false }) : read;
  const modules = new Set([...untied].map(moduleOf));
  const anyLayer = new Set([...modules].map(withoutNumbers));
  const isHarmless = (name: string) =>
    BUFFER.test(name) ||
    (config.tieWordEmbeddings && name === "lm_head.weight") ||
    (architecture.isUnread?.(name, config) ?? false);
  const unused = [...checkpoint.names].filter((name) => !read.has(name) && !isHarmless(name));
  const parts = unused.filter((name) => PARAMETER.test(name) && anyLayer.has(withoutNumbers(moduleOf(name))));
  const name = parts[0];
  if (name !== undefined) {
    const advice = modules.has(moduleOf(name)) ? switchAdvice(name, plan) : layerAdvice(parts, source);
    throw new OctavoError({
      code: "CHECKPOINT",
      message:
        `tensor ${name} in ${checkpoint.origin(name)} is a part of the model that ${source.configFile} ` +
        `leaves out: ${advice}, or ${source.configAdvice}.`,
      param: name,
    });
  }
  if (unused.length === 0) return;
  const more = unused.length > SHOWN ? `, and ${unused.length - SHOWN} more` : "";
  process.emitWarning(
    `${source.path} has tensors that ${architecture.name} does not use: ${unused.slice(0, SHOWN).join(", ")}${more}`,
    { code: "OCTAVO_UNUSED_TENSORS" },
  );
}

/** What the architecture reads. */
export function tensorNames({ specs, scheme }: Pick<LoadPlan, "specs" | "scheme">): Set<string> {
  return new Set(checkpointTensors(specs, scheme).map(({ name }) => name));
}

/** What it would read by a config with these changes. */
function changedNames({ architecture, source, scheme }: LoadPlan, changes: Readonly<Record<string, unknown>>) {
  const specs = blueprintParameters(architecture.blueprint({ ...source.config, ...changes }));
  return tensorNames({ specs, scheme });
}

function switchAdvice(name: string, plan: LoadPlan): string {
  const found = SWITCHES.find(([, key]) => changedNames(plan, { [key]: true }).has(name));
  if (found !== undefined) return `it says that ${found[0]} is false, set "${found[0]}": true`;
  return `${plan.architecture.name} has no such parameter, correct "architectures"`;
}

function layerAdvice(parts: readonly string[], { config, fieldName }: ModelSource): string {
  const field = fieldName("num_hidden_layers");
  const last = parts.reduce((most, name) => Math.max(most, Number(/\.(\d+)\./.exec(name)?.[1] ?? 0)), 0);
  if (last < config.numLayers) return "by it that layer has other modules, correct what it says of single layers";
  return `it says that ${field} is ${config.numLayers}, the file has layers up to number ${last} (the first is 0), correct "${field}"`;
}

function moduleOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

function withoutNumbers(module: string): string {
  return module.replace(/\.\d+(?=\.|$)/g, ".#");
}
