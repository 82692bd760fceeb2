// The architectures of GGUF that Octavo reads. A clone of one is a line in GGUF_ALIASES.
import { type GgufHeaders, OctavoError } from "@octavo/core";
import type { GgufDialect } from "../dialect.js";
import { plain } from "../gguf-facts.js";
import { cohere2, commandR } from "./cohere.js";
import { deepseek2 } from "./deepseek.js";
import { bert, modernBert, nomicBert } from "./encoders.js";
import {
  ernie45Moe,
  glm4Moe,
  gptOss,
  graniteMoe,
  hunyuanMoe,
  miniMaxM2,
  olmoe,
  qwen2Moe,
  qwen3Moe,
} from "./experts.js";
import { gemma, gemma2, gemma3, gemma4 } from "./gemma.js";
import { bloom, falcon, gpt2, gptNeoX, mpt, starcoder } from "./gpt-like.js";
import {
  ernie45,
  exaone,
  exaone4,
  granite,
  hunyuanDense,
  llama,
  minicpm,
  olmo,
  olmo2,
  qwen2,
  qwen3,
  seedOss,
  smollm3,
  stablelm,
} from "./llama-like.js";
import { chatglm, glm4, phi3 } from "./merged.js";
import { arcee, nemotron, phi2, starcoder2 } from "./plain-mlp.js";

/** By `general.architecture`. */
const GGUF_DIALECTS: ReadonlyMap<string, GgufDialect> = new Map([
  ["llama", llama],
  ["qwen2", qwen2],
  ["qwen3", qwen3],
  ["qwen3moe", qwen3Moe],
  ["gemma", gemma],
  ["gemma2", gemma2],
  ["gemma3", gemma3],
  ["gemma4", gemma4],
  ["phi3", phi3],
  ["granite", granite],
  ["olmo", olmo],
  ["olmo2", olmo2],
  ["stablelm", stablelm],
  ["smollm3", smollm3],
  ["chatglm", chatglm],
  ["glm4", glm4],
  ["deepseek2", deepseek2],
  ["glm4moe", glm4Moe],
  ["minimax-m2", miniMaxM2],
  ["gpt-oss", gptOss],
  ["gpt2", gpt2],
  ["gptneox", gptNeoX],
  ["falcon", falcon],
  ["bloom", bloom],
  ["mpt", mpt],
  ["bert", bert],
  ["nomic-bert", nomicBert],
  ["modern-bert", modernBert],
  ["arcee", arcee],
  ["cohere2", cohere2],
  ["command-r", commandR],
  ["ernie4_5", ernie45],
  ["ernie4_5-moe", ernie45Moe],
  ["exaone", exaone],
  ["exaone4", exaone4],
  ["granitemoe", graniteMoe],
  ["hunyuan-dense", hunyuanDense],
  ["hunyuan-moe", hunyuanMoe],
  ["minicpm", minicpm],
  ["nemotron", nemotron],
  ["olmoe", olmoe],
  ["phi2", phi2],
  ["qwen2moe", qwen2Moe],
  ["seed_oss", seedOss],
  ["starcoder", starcoder],
  ["starcoder2", starcoder2],
]);

/** Architectures that have the keys, tensors and arithmetic of another; of those that see images, for text. */
const GGUF_ALIASES: Readonly<Record<string, string>> = {
  internlm2: "llama",
  mistral3: "llama",
  qwen2vl: "qwen2",
  qwen3vl: "qwen3",
  qwen3vlmoe: "qwen3moe",
};

/** The architecture that a file names, and its dialect. @throws UNSUPPORTED with what was found and what there is */
export function dialectOf({ path, metadata }: GgufHeaders): readonly [name: string, dialect: GgufDialect] {
  const key = "general.architecture";
  const name = metadata.get(key);
  const found = typeof name === "string" ? GGUF_DIALECTS.get(own(GGUF_ALIASES, name) ?? name) : undefined;
  if (found !== undefined) return [name as string, found];
  const value = name === undefined ? "missing" : JSON.stringify(plain(name)).slice(0, 64);
  const supported = [...GGUF_DIALECTS.keys(), ...Object.keys(GGUF_ALIASES)].sort().join(", ");
  const message = `${path}: metadata key "${key}" is ${value}, which Octavo does not support; it supports ${supported}`;
  throw new OctavoError({ code: "UNSUPPORTED", message, param: key });
}

function own(aliases: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined;
}
