// The architectures that Octavo knows. A new one is one file and one entry here.
import { OctavoError } from "@octavo/core";
import type { AnyArchitecture } from "./architecture.js";
import { albert } from "./architectures/albert.js";
import { apertus } from "./architectures/apertus.js";
import { arcee } from "./architectures/arcee.js";
import { bert } from "./architectures/bert.js";
import { bioGpt } from "./architectures/biogpt.js";
import { bloom } from "./architectures/bloom.js";
import { codeGen } from "./architectures/codegen.js";
import { cohere, cohere2 } from "./architectures/cohere.js";
import { deepseekV2, deepseekV3, glm4MoeLite } from "./architectures/deepseek.js";
import { distilBert } from "./architectures/distilbert.js";
import { dots1 } from "./architectures/dots1.js";
import { electra } from "./architectures/electra.js";
import { ernie45 } from "./architectures/ernie4-5.js";
import { ernie45Moe } from "./architectures/ernie4-5-moe.js";
import { euroBert } from "./architectures/eurobert.js";
import { exaone } from "./architectures/exaone.js";
import { exaoneMoe } from "./architectures/exaone-moe.js";
import { exaone4 } from "./architectures/exaone4.js";
import { falcon } from "./architectures/falcon.js";
import { flexOlmo } from "./architectures/flex-olmo.js";
import { gemma } from "./architectures/gemma.js";
import { gemma2 } from "./architectures/gemma2.js";
import { gemma3 } from "./architectures/gemma3.js";
import { gemma4 } from "./architectures/gemma4.js";
import { glm, glm4, glm4v } from "./architectures/glm4.js";
import { glm4Moe, solarOpen } from "./architectures/glm4-moe.js";
import { gptBigCode } from "./architectures/gpt-bigcode.js";
import { gptNeo } from "./architectures/gpt-neo.js";
import { gptNeoX } from "./architectures/gpt-neox.js";
import { gptOss } from "./architectures/gpt-oss.js";
import { gpt2 } from "./architectures/gpt2.js";
import { gptJ } from "./architectures/gptj.js";
import { granite } from "./architectures/granite.js";
import { graniteMoe } from "./architectures/granite-moe.js";
import { graniteMoeSwa, graniteSwa } from "./architectures/granite-swa.js";
import { gte, newModel } from "./architectures/gte.js";
import { helium } from "./architectures/helium.js";
import { hunyuanDense } from "./architectures/hunyuan-dense.js";
import { hunyuanMoe } from "./architectures/hunyuan-moe.js";
import { hyV3 } from "./architectures/hy-v3.js";
import { hyperClovaX } from "./architectures/hyperclovax.js";
import { internLm2 } from "./architectures/internlm2.js";
import { jais2 } from "./architectures/jais2.js";
import { llama } from "./architectures/llama.js";
import { mellum } from "./architectures/mellum.js";
import { miniCpm } from "./architectures/minicpm.js";
import { miniCpm3 } from "./architectures/minicpm3.js";
import { miniMaxM2 } from "./architectures/minimax-m2.js";
import { mistral } from "./architectures/mistral.js";
import { mixtral } from "./architectures/mixtral.js";
import { modernBert } from "./architectures/modernbert.js";
import { modernBertDecoder } from "./architectures/modernbert-decoder.js";
import { mpt } from "./architectures/mpt.js";
import { nanoChat } from "./architectures/nanochat.js";
import { nemotron } from "./architectures/nemotron.js";
import { nomicBert } from "./architectures/nomic-bert.js";
import { olmo } from "./architectures/olmo.js";
import { olmo2 } from "./architectures/olmo2.js";
import { olmo3 } from "./architectures/olmo3.js";
import { olmoe } from "./architectures/olmoe.js";
import { openAiGpt } from "./architectures/openai-gpt.js";
import { opt } from "./architectures/opt.js";
import { persimmon } from "./architectures/persimmon.js";
import { phi } from "./architectures/phi.js";
import { phi3 } from "./architectures/phi3.js";
import { qwen2 } from "./architectures/qwen2.js";
import { qwen2Moe } from "./architectures/qwen2-moe.js";
import { qwen3 } from "./architectures/qwen3.js";
import { qwen3Moe } from "./architectures/qwen3-moe.js";
import { qwen3VlMoe } from "./architectures/qwen3-vl-moe.js";
import { data2VecText, roberta, xlmRoberta } from "./architectures/roberta.js";
import { seedOss } from "./architectures/seed-oss.js";
import { smollm3 } from "./architectures/smollm3.js";
import { stableLm } from "./architectures/stablelm.js";
import { starcoder2 } from "./architectures/starcoder2.js";
import { vaultGemma } from "./architectures/vaultgemma.js";
import { youtu } from "./architectures/youtu.js";
import { bidirectional, seesAll } from "./bidirectional.js";
import type { ConfigReader } from "./hf-config.js";
import { lackingPart } from "./lacking.js";
import type { ModelConfig } from "./model-config.js";

const ARCHITECTURES: readonly AnyArchitecture[] = [
  bert,
  distilBert,
  modernBert,
  nomicBert,
  roberta,
  xlmRoberta,
  data2VecText,
  albert,
  electra,
  euroBert,
  gte,
  newModel,
  bloom,
  deepseekV2,
  deepseekV3,
  falcon,
  gemma,
  gemma2,
  gemma3,
  gemma4,
  gptNeoX,
  gpt2,
  granite,
  glm,
  glm4,
  glm4v,
  glm4Moe,
  gptOss,
  mixtral,
  qwen3Moe,
  qwen3VlMoe,
  llama,
  mistral,
  mpt,
  olmo,
  olmo2,
  opt,
  phi3,
  qwen2,
  qwen3,
  smollm3,
  stableLm,
  apertus,
  arcee,
  cohere,
  cohere2,
  ernie45,
  ernie45Moe,
  exaone,
  exaone4,
  gptBigCode,
  gptJ,
  graniteMoe,
  graniteMoeSwa,
  graniteSwa,
  hyV3,
  helium,
  hunyuanDense,
  hunyuanMoe,
  internLm2,
  miniCpm,
  miniCpm3,
  modernBertDecoder,
  nemotron,
  olmo3,
  olmoe,
  phi,
  qwen2Moe,
  seedOss,
  starcoder2,
  glm4MoeLite,
  solarOpen,
  bioGpt,
  codeGen,
  dots1,
  exaoneMoe,
  flexOlmo,
  gptNeo,
  hyperClovaX,
  jais2,
  mellum,
  miniMaxM2,
  nanoChat,
  openAiGpt,
  persimmon,
  vaultGemma,
  youtu,
];

/** Decoders as encoders, see bidirectional.ts. */
const BIDIRECTIONAL: ReadonlyMap<AnyArchitecture, AnyArchitecture> = new Map(
  ARCHITECTURES.flatMap((found) => (found.kind === "encoder" ? [] : [[found, bidirectional(found)]])),
);

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
  const found = find((known) => names.includes(known)) ?? findBase(names) ?? findText(reader, names);
  if (found === undefined) return refuse(reader, names);
  return found.kind !== "encoder" && seesAll(reader) ? BIDIRECTIONAL.get(found)! : found;
}

function refuse(reader: ConfigReader, names: readonly unknown[]): never {
  const lacking = lackingPart(names);
  if (lacking === undefined) return reader.unsupported("architectures", supportedArchitectures());
  const found = JSON.stringify(names).slice(0, 80);
  const message = `${reader.file}: field "architectures" is ${found}, a model with ${lacking}, which Octavo does not compute`;
  throw new OctavoError({ code: "UNSUPPORTED", message, param: "architectures" });
}

function find(isIt: (name: string) => boolean): AnyArchitecture | undefined {
  return ARCHITECTURES.find(({ name, aliases = [] }) => [name, ...aliases].some(isIt));
}

/** What transformers' classes add to a model's own name. */
const ENDING = /(LMHeadModel|ForCausalLM|ForConditionalGeneration|ForMaskedLM)$/;
const BASE = /(Text)?Model$/;

/** A model that was saved without its head, as those for embeddings are: LlamaModel is LlamaForCausalLM's, Gemma3TextModel Gemma 3's. */
function findBase(names: readonly unknown[]): AnyArchitecture | undefined {
  const own = names.filter((name) => typeof name === "string" && BASE.test(name)) as string[];
  const stems = own.map((name) => name.replace(BASE, ""));
  return find((known) => ENDING.test(known) && stems.includes(known.replace(ENDING, "")));
}

/** Of a model that also sees or hears, what `text_config` says that its text model is, by name (Kimi K2.5) or type (LLaVA, Idefics). */
function findText(reader: ConfigReader, names: readonly unknown[]): AnyArchitecture | undefined {
  const isWhole = names.some((name) => typeof name === "string" && name.endsWith("ForConditionalGeneration"));
  const text = isWhole ? reader.object("text_config") : undefined;
  const listed = text?.raw("architectures");
  const named = Array.isArray(listed) ? find((known) => listed.includes(known)) : undefined;
  const type = text?.raw("model_type");
  if (named !== undefined || typeof type !== "string") return named;
  const stem = type.replace(/_text(_model)?$/, "").replace(/[-_.]/g, "");
  return find((known) => ENDING.test(known) && known.replace(ENDING, "").replace(/[-_.]/g, "").toLowerCase() === stem);
}

/** The architecture that was found before under this name. */
export function architectureNamed(name: string): AnyArchitecture {
  const found = [...ARCHITECTURES, ...BIDIRECTIONAL.values()].find((architecture) => architecture.name === name);
  if (found === undefined) throw new OctavoError({ code: "INTERNAL", message: `no architecture ${name}` });
  return found;
}

/** Whether a model of this config sees whole prompts and generates nothing. */
export function isEncoder(config: ModelConfig): boolean {
  return architectureNamed(config.architecture).kind === "encoder";
}
