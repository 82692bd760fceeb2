// The architectures that Octavo knows. A new one is one file and one entry here.
import { OctavoError } from "@octavo/core";
import type { AnyArchitecture } from "./architecture.js";
import { bert } from "./architectures/bert.js";
import { bloom } from "./architectures/bloom.js";
import { deepseekV2, deepseekV3 } from "./architectures/deepseek.js";
import { distilBert } from "./architectures/distilbert.js";
import { falcon } from "./architectures/falcon.js";
import { gemma } from "./architectures/gemma.js";
import { gemma2 } from "./architectures/gemma2.js";
import { gemma3 } from "./architectures/gemma3.js";
import { glm, glm4 } from "./architectures/glm4.js";
import { glm4Moe } from "./architectures/glm4-moe.js";
import { gptNeoX } from "./architectures/gpt-neox.js";
import { gptOss } from "./architectures/gpt-oss.js";
import { gpt2 } from "./architectures/gpt2.js";
import { granite } from "./architectures/granite.js";
import { llama } from "./architectures/llama.js";
import { mistral } from "./architectures/mistral.js";
import { mixtral } from "./architectures/mixtral.js";
import { modernBert } from "./architectures/modernbert.js";
import { mpt } from "./architectures/mpt.js";
import { olmo2 } from "./architectures/olmo2.js";
import { opt } from "./architectures/opt.js";
import { phi3 } from "./architectures/phi3.js";
import { qwen2 } from "./architectures/qwen2.js";
import { qwen3 } from "./architectures/qwen3.js";
import { qwen3Moe } from "./architectures/qwen3-moe.js";
import { roberta, xlmRoberta } from "./architectures/roberta.js";
import { smollm3 } from "./architectures/smollm3.js";
import { stableLm } from "./architectures/stablelm.js";
import type { ConfigReader } from "./hf-config.js";
import type { ModelConfig } from "./model-config.js";

const ARCHITECTURES: readonly AnyArchitecture[] = [
  bert,
  distilBert,
  modernBert,
  roberta,
  xlmRoberta,
  bloom,
  deepseekV2,
  deepseekV3,
  falcon,
  gemma,
  gemma2,
  gemma3,
  gptNeoX,
  gpt2,
  granite,
  glm,
  glm4,
  glm4Moe,
  gptOss,
  mixtral,
  qwen3Moe,
  llama,
  mistral,
  mpt,
  olmo2,
  opt,
  phi3,
  qwen2,
  qwen3,
  smollm3,
  stableLm,
];

/** Names that `architectures` in config.json may have. */
export function supportedArchitectures(): string[] {
  return ARCHITECTURES.flatMap(({ name, aliases = [] }) => [name, ...aliases]).sort();
}

/** The architecture that a config names. @throws UNSUPPORTED with what was found and what there is; CHECKPOINT when it names none */
export function architectureOf(reader: ConfigReader): AnyArchitecture {
  const names = reader.raw("architectures");
  if (!Array.isArray(names) || names.length === 0) {
    reader.fail("architectures", `a list with one of ${supportedArchitectures().join(", ")}`);
  }
  const found = find(names) ?? find(names.map(withHead));
  if (found === undefined) return reader.unsupported("architectures", supportedArchitectures());
  if (found.kind !== "encoder") checkCausal(reader);
  return found;
}

/** Decoders that were trained on to see what comes behind (gte-Qwen2, EmbeddingGemma): as decoders they would give other vectors. */
function checkCausal(reader: ConfigReader): void {
  if (reader.raw("is_causal") === false) reader.unsupported("is_causal", ["true"]);
  if (reader.raw("use_bidirectional_attention") === true) reader.unsupported("use_bidirectional_attention", ["false"]);
}

function find(names: readonly unknown[]): AnyArchitecture | undefined {
  return ARCHITECTURES.find(({ name, aliases = [] }) => [name, ...aliases].some((known) => names.includes(known)));
}

/** A decoder that was saved without its head, as those for embeddings are: LlamaModel is LlamaForCausalLM's. */
function withHead(name: unknown): unknown {
  return typeof name === "string" ? name.replace(/Model$/, "ForCausalLM") : name;
}

/** The architecture that was found before under this name. */
export function architectureNamed(name: string): AnyArchitecture {
  const found = ARCHITECTURES.find((architecture) => architecture.name === name);
  if (found === undefined) throw new OctavoError({ code: "INTERNAL", message: `no architecture ${name}` });
  return found;
}

/** Whether a model of this config sees whole prompts and generates nothing. */
export function isEncoder(config: ModelConfig): boolean {
  return architectureNamed(config.architecture).kind === "encoder";
}
