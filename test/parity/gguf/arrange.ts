// What llama.cpp's converter does to tensors of some models, beside other names. Each changes the map in place.
import type { ModelConfig } from "@octavo/models";
import { reorder, type Stored, type StoredTensors, stacked, transposed } from "./stored-tensors.js";

export type Arrange = (tensors: StoredTensors, config: ModelConfig) => void;

function replaceAll(tensors: StoredTensors, pattern: RegExp, change: (stored: Stored, name: string) => Stored): void {
  for (const [name, stored] of tensors) if (pattern.test(name)) tensors.set(name, change(stored, name));
}

/** Llama's q and k: halves of heads become neighbours. */
export const pairHeads: Arrange = (tensors, { headDim }) =>
  replaceAll(tensors, /\.[qk]_proj\./, (stored) =>
    reorder(stored, (row) => {
      const inHead = row % headDim;
      return row - inHead + (inHead % 2) * (headDim / 2) + Math.floor(inHead / 2);
    }),
  );

/** GPT-NeoX, Bloom, Falcon: q, k and v of each group apart. @param groups of one key head each */
export const splitGroups =
  (pattern: RegExp): Arrange =>
  (tensors, { numHeads, numKvHeads, headDim }) => {
    const queries = numHeads / numKvHeads;
    const sources: number[] = [];
    const take = (first: number, heads: number) => {
      for (let group = 0; group < numKvHeads; group++)
        for (let head = first; head < first + heads; head++)
          for (let i = 0; i < headDim; i++) sources.push((group * (queries + 2) + head) * headDim + i);
    };
    take(0, queries);
    take(queries, 1);
    take(queries + 1, 1);
    replaceAll(tensors, pattern, (stored) => reorder(stored, (row) => sources[row]!));
  };

/** GPT-2's weights are the other way round. */
export const turnAround: Arrange = (tensors) => replaceAll(tensors, /\.(c_attn|c_proj|c_fc)\.weight$/, transposed);

/** Gemma's norms. */
export const addOne: Arrange = (tensors) =>
  replaceAll(tensors, /norm\.weight$/, (stored) => ({ ...stored, values: stored.values.map((v) => v + 1) }));

/** Tensors whose names differ in one number become one. @param pattern the number is its only group */
export const stackAll =
  (pattern: RegExp): Arrange =>
  (tensors) => {
    const groups = new Map<string, Stored[]>();
    for (const [name, stored] of [...tensors]) {
      const found = pattern.exec(name);
      if (found === null) continue;
      const group = name.replace(found[0], found[0].replace(`.${found[1]}.`, "."));
      const parts = groups.get(group) ?? [];
      parts[Number(found[1])] = stored;
      groups.set(group, parts);
      tensors.delete(name);
    }
    for (const [name, parts] of groups) tensors.set(name, stacked(parts));
  };

/** Rows of two tensors in one, the first half and the second (Granite's gate and up). @param ending of the name, and what it becomes */
export const splitHalves =
  (ending: string, halves: readonly [string, string]): Arrange =>
  (tensors) => {
    for (const [name, stored] of [...tensors]) {
      if (!name.endsWith(ending)) continue;
      tensors.delete(name);
      const [rows, width] = stored.shape.slice(-2) as [number, number];
      const shape = [...stored.shape.slice(0, -2), rows / 2, width];
      for (const [half, to] of halves.entries()) {
        const values = stored.values.filter((_, at) => Math.floor(at / ((rows / 2) * width)) % 2 === half);
        tensors.set(name.replace(ending, to), { ...stored, shape, values });
      }
    }
  };

/** A matrix of one row becomes a vector (Qwen2-MoE's gate of what is shared). */
export const flatten =
  (pattern: RegExp): Arrange =>
  (tensors) =>
    replaceAll(tensors, pattern, (stored) => ({ ...stored, shape: stored.shape.slice(1) }));

/** DeepSeek's keys and values of heads, apart since May 2025: keys [heads, latent, key], values [heads, value, latent]. */
export const splitHeads: Arrange = (tensors, config) => {
  const { stillDim, valueDim, latentDim } = config as ModelConfig & Readonly<Record<string, number>>;
  const heads = Array.from({ length: config.numHeads }, (_, head) => head);
  for (const [name, stored] of [...tensors]) {
    if (!name.includes(".kv_b_proj.")) continue;
    tensors.delete(name);
    const rows = (head: number, first: number, count: number): Stored => {
      const from = (head * (stillDim! + valueDim!) + first) * latentDim!;
      return { ...stored, shape: [count, latentDim!], values: stored.values.slice(from, from + count * latentDim!) };
    };
    tensors.set(name.replace("kv_b", "k_b"), stacked(heads.map((head) => transposed(rows(head, 0, stillDim!)))));
    tensors.set(name.replace("kv_b", "v_b"), stacked(heads.map((head) => rows(head, stillDim!, valueDim!))));
  }
};

/** gpt-oss's experts: gate and up apart, weights the other way round. */
export const splitGateUp: Arrange = (tensors) => {
  for (const [name, stored] of [...tensors]) {
    const [, layer, projection, bias] = /^(.*\.experts\.)(gate_up_proj|down_proj)(_bias)?$/.exec(name) ?? [];
    if (layer === undefined) continue;
    tensors.delete(name);
    const ending = bias ? ".bias" : ".weight";
    const turned = bias ? { ...stored, shape: [...stored.shape, 1] } : transposed(stored);
    const [experts, rows, width] = turned.shape as [number, number, number];
    const flat = (t: Stored): Stored => (bias ? { ...t, shape: t.shape.slice(0, 2) } : t);
    if (projection === "down_proj") tensors.set(`${layer}down_proj${ending}`, flat(turned));
    for (const [i, own] of (projection === "down_proj" ? [] : ["gate_proj", "up_proj"]).entries()) {
      const values = turned.values.filter((_, at) => Math.floor(at / width) % 2 === i);
      tensors.set(`${layer}${own}${ending}`, flat({ ...turned, shape: [experts, rows / 2, width], values }));
    }
  }
};
