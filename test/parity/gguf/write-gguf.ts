// A tiny model as a GGUF file.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeBlocks } from "@octavo/core";
import {
  encodeBlocks,
  type GgufWriterTensor,
  type GgufWriterValue,
  ggufBytes,
  numberToFloat16,
} from "@octavo/core/testing";
import { ropeFrequencies } from "@octavo/models";
import type { AnyConfig, Recipe } from "./recipes.js";
import { type Stored, storedTensors } from "./stored-tensors.js";

/** What matrices are written in where rows are whole blocks; "mxfp4": experts alone, as gpt-oss has them. */
export type TestFormat = "q8_0" | "q4_0" | "mxfp4";

/** As stored; in blocks; or in float32 with the values that blocks have. */
export type Precision = "plain" | TestFormat | `${TestFormat} decoded`;

const GGML = { float32: 0, float16: 1, bfloat16: 30, q4_0: 2, q8_0: 8, mxfp4: 39 } as const;

/** @param source the folder @param target the file */
export function writeGguf(
  recipe: Recipe,
  config: AnyConfig,
  source: string,
  target: string,
  precision: Precision,
): void {
  const tensors = storedTensors(join(source, "model.safetensors"));
  if (config.tieWordEmbeddings) tensors.delete("lm_head.weight");
  for (const arrange of recipe.arrange ?? []) arrange(tensors, config);
  const written = [...tensors].map(([name, stored]) =>
    tensorOf(
      recipe.names.reduce((text, [from, to]) => text.replace(from, to), name),
      stored,
      precision,
    ),
  );
  writeFileSync(
    target,
    ggufBytes({ metadata: metadataOf(recipe, config), tensors: [...written, ...divisors(config)] }),
  );
}

function metadataOf(
  { architecture, norm, keys, metadata }: Recipe,
  config: AnyConfig,
): Record<string, GgufWriterValue> {
  const { rope } = config;
  const own: Record<string, GgufWriterValue> = {
    block_count: config.numLayers,
    embedding_length: config.hiddenSize,
    feed_forward_length: config.intermediateSize,
    "attention.head_count": config.numHeads,
    "attention.head_count_kv": config.numKvHeads,
    "attention.key_length": config.headDim,
    "attention.value_length": config.headDim,
    context_length: 256,
    [norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"]: config.normEps,
    ...(rope ? { "rope.freq_base": rope.theta } : {}),
    ...scalingKeys(config),
    ...keys?.(config),
  };
  return {
    "general.architecture": architecture,
    ...metadata,
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value])),
  };
}

function scalingKeys({ rope }: AnyConfig): Record<string, GgufWriterValue> {
  const scaling = rope?.scaling;
  switch (scaling?.type) {
    case "linear":
      return { "rope.scaling.type": "linear", "rope.scaling.factor": scaling.factor };
    case "yarn":
      return {
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": scaling.factor,
        "rope.scaling.original_context_length": scaling.originalMaxPositions,
        "rope.scaling.yarn_beta_fast": scaling.betaFast,
        "rope.scaling.yarn_beta_slow": scaling.betaSlow,
      };
    case "longrope": {
      const { originalMaxPositions: original } = scaling;
      const magnitude = Math.sqrt(1 + Math.log(256 / original) / Math.log(original));
      return { "rope.scaling.original_context_length": original, "rope.scaling.attn_factor": magnitude };
    }
    default:
      return {};
  }
}

function divisors({ rope }: AnyConfig): GgufWriterTensor[] {
  const list = (name: string, values: readonly number[]) => {
    const data = new Uint8Array(Float32Array.from(values).buffer);
    return { name: `${name}.weight`, shape: [values.length], data };
  };
  const scaling = rope?.scaling;
  if (scaling?.type === "longrope")
    return [list("rope_factors_short", scaling.shortFactor), list("rope_factors_long", scaling.longFactor)];
  if (scaling?.type !== "llama3" && scaling?.type !== "proportional") return [];
  const plain = ropeFrequencies({ ...rope!, scaling: { type: "default" } }, 1).inverse;
  const scaled = ropeFrequencies(rope!, 1).inverse;
  return [
    list(
      "rope_freqs",
      // What does not turn has this one.
      [...scaled].map((frequency, i) => (frequency === 0 ? 1e30 : plain[i]! / frequency)),
    ),
  ];
}

/** The converter writes these in float32, whatever the rest is in. */
const ALWAYS_FLOAT32 = /norm\.weight$|\.bias$|ffn_gate_inp|position_embd|attn_sinks/;

function tensorOf(name: string, { shape, values, dtype }: Stored, precision: Precision): GgufWriterTensor {
  const isMatrix = shape.length > 1 && !ALWAYS_FLOAT32.test(name);
  const format = precision.replace(" decoded", "") as TestFormat | "plain";
  const isPacked = format !== "plain" && (format !== "mxfp4" || name.includes("_exps."));
  if (isMatrix && isPacked && shape.at(-1)! % 32 === 0) {
    const blocks = format === "mxfp4" ? someMxfp4(values) : encodeBlocks(format, values);
    if (!precision.endsWith("decoded")) return { name, shape, type: GGML[format], data: blocks };
    const decoded = new Float32Array(values.length);
    decodeBlocks(format, blocks, decoded);
    return { name, shape, data: new Uint8Array(decoded.buffer) };
  }
  if (!isMatrix || dtype === "float32") return { name, shape, data: new Uint8Array(Float32Array.from(values).buffer) };
  const bits =
    dtype === "float16"
      ? Uint16Array.from(values, numberToFloat16)
      : Uint16Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length), (word) => word >>> 16);
  return { name, shape, type: GGML[dtype as "float16" | "bfloat16"], data: new Uint8Array(bits.buffer) };
}

/** Blocks whose codes and scales follow from the values, though they are not the nearest ones. */
function someMxfp4(values: Float32Array): Uint8Array {
  const blocks = new Uint8Array((values.length / 32) * 17);
  for (let at = 0; at < values.length; at++) {
    const block = Math.floor(at / 32) * 17;
    const magnitude = Math.min(7, Math.round(Math.abs(values[at]!) * 12));
    const code = magnitude | (values[at]! < 0 ? 8 : 0);
    blocks[block] = 125 + (Math.floor(at / 32) % 2);
    blocks[block + 1 + (at % 16)]! |= at % 32 < 16 ? code : code << 4;
  }
  return blocks;
}
