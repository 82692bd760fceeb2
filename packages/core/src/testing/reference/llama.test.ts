// A whole tiny Llama on the reference backend against logits and greedy tokens from transformers: all ops together, with
// chunked prefill and decoding in one batch.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Batch, planSection } from "../../batch.js";
import { openSafetensors } from "../../containers/safetensors.js";
import { LAST_SAMPLED, PlanHeader, planLayout, ROW_INIT_WORDS } from "../../plan/layout.js";
import { StepPlan } from "../../plan/plan.js";
import { reshape, slice, type Tensor, tensor } from "../../tensor.js";
import { Workspace } from "../../workspace.js";
import { intsOf, load, store } from "../elements.js";
import { createReferenceBackend } from "./reference-backend.js";

const FOLDER = fileURLToPath(new URL("../../../../../test/fixtures/models/llama-gqa-tied/", import.meta.url));
const config = JSON.parse(readFileSync(`${FOLDER}config.json`, "utf8"));
const golden = JSON.parse(readFileSync(`${FOLDER}golden.json`, "utf8")) as {
  cases: { name: string; prompt: number[]; greedy: number[]; logits: string; columns: number[] | null }[];
};
const { hidden_size: hidden, num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: headDim } = config;
const LAYERS: number = config.num_hidden_layers;
const BLOCK_SIZE = 16;
const layout = planLayout({ maxRows: 4, maxTokens: 64, maxBlocksPerRow: 12, blockSize: BLOCK_SIZE });

const backend = createReferenceBackend();
const { ops } = backend;
const weights = openSafetensors(`${FOLDER}model.safetensors`).tensors;

const weight = (name: string): Tensor => weights.get(`model.${name}.weight`)!;
const linear = (...names: string[]) =>
  backend.prepareLinear({
    inFeatures: weight(names[0]!).shape[1]!,
    dtype: "float32",
    parts: names.map((name) => {
      return { name, outFeatures: weight(name).shape[0]!, planes: { format: "dense", weight: weight(name) } };
    }),
  });
const layers = Array.from({ length: LAYERS }, (_, i) => ({
  inputNorm: weight(`layers.${i}.input_layernorm`),
  qkv: linear(...["q", "k", "v"].map((name) => `layers.${i}.self_attn.${name}_proj`)),
  output: linear(`layers.${i}.self_attn.o_proj`),
  postNorm: weight(`layers.${i}.post_attention_layernorm`),
  gateUp: linear(`layers.${i}.mlp.gate_proj`, `layers.${i}.mlp.up_proj`),
  down: linear(`layers.${i}.mlp.down_proj`),
  keys: kvCache(),
  values: kvCache(),
}));
const lmHead = linear("embed_tokens");
const cosSin = angles();

function kvCache(): Tensor {
  const shape = [48, kvHeads, BLOCK_SIZE, headDim];
  return tensor("float32", shape, backend.allocate(4 * 48 * kvHeads * BLOCK_SIZE * headDim, "kv"));
}

function angles(): Tensor {
  const table = tensor("float32", [256, headDim], backend.allocate(4 * 256 * headDim, "tables"));
  for (let position = 0; position < 256; position++) {
    const row = new Float64Array(headDim);
    for (let i = 0; i < headDim / 2; i++) {
      const angle = position * config.rope_theta ** ((-2 * i) / headDim);
      row[i] = Math.cos(angle);
      row[i + headDim / 2] = Math.sin(angle);
    }
    store(table, position * headDim, row);
  }
  return table;
}

/** Logits of every token of the batch, [T, vocab]. */
function forward(workspace: Workspace, batch: Batch): Tensor {
  const T = batch.numTokens;
  const alloc = (...shape: number[]): Tensor => workspace.alloc("float32", shape);
  const eps: number = config.rms_norm_eps;
  const residual = alloc(T, hidden);
  const normed = alloc(T, hidden);
  ops.embedding(residual, weight("embed_tokens"), batch.inputIds);
  ops.rmsNorm(normed, residual, layers[0]!.inputNorm, eps);
  for (let i = 0; i < LAYERS; i++) {
    const layer = layers[i]!;
    const qkv = alloc(T, (heads + 2 * kvHeads) * headDim);
    ops.linear(qkv, normed, layer.qkv);
    const part = (first: number, count: number) =>
      reshape(slice(qkv, 1, first * headDim, (first + count) * headDim), [T, count, headDim]);
    const q = part(0, heads);
    const k = part(heads, kvHeads);
    ops.rope(q, k, batch.positions, cosSin);
    ops.writeKv(layer.keys, layer.values, k, part(heads + kvHeads, kvHeads), batch);
    const attended = alloc(T, heads, headDim);
    ops.pagedAttention(attended, q, layer.keys, layer.values, batch, { scale: headDim ** -0.5 });
    const projected = alloc(T, hidden);
    ops.linear(projected, reshape(attended, [T, heads * headDim]), layer.output);
    ops.addRmsNorm(normed, residual, projected, layer.postNorm, eps);
    const gateUp = alloc(T, 2 * config.intermediate_size);
    const activated = alloc(T, config.intermediate_size);
    ops.linear(gateUp, normed, layer.gateUp);
    ops.gatedActivation(activated, gateUp, "silu");
    ops.linear(projected, activated, layer.down);
    ops.addRmsNorm(normed, residual, projected, layers[i + 1]?.inputNorm ?? weight("norm"), eps);
  }
  const logits = alloc(T, config.vocab_size);
  ops.linear(logits, normed, lmHead);
  return logits;
}

test("a tiny Llama gives transformers' logits and greedy tokens, in chunks and batched", () => {
  const expected = openSafetensors(`${FOLDER}golden.safetensors`).tensors;
  const cases = golden.cases.slice(0, 4);
  expect(cases.map((c) => c.prompt.length)).toEqual([1, 7, 33, 150]);
  const ints = (...shape: number[]) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor("int32", shape, backend.allocate(4 * count, "tables"));
  };
  const planTensor = ints(layout.totalWords);
  const batch: Batch = {
    layout,
    tables: { blockTables: ints(4, 12), lastTokens: ints(4), sampling: ints(4, ROW_INIT_WORDS) },
    plan: planTensor,
    inputIds: ints(64),
    positions: ints(64),
    slots: ints(64),
    sampleTokens: planSection(planTensor, layout.sampleTokens, 4),
    numRows: 0,
    numTokens: 0,
    numSamples: 0,
    maxQueryLen: 0,
    maxSeqLen: 0,
  };
  const sampled = ints(4);
  const workspace = new Workspace(backend, 4 * 2 ** 20);
  const plan = new StepPlan(layout, intsOf(batch.plan));
  const computed = cases.map(() => 0);
  const generated: number[][] = cases.map(() => []);
  let largestError = 0;

  while (generated.some((tokens) => tokens.length < 24)) {
    plan.begin(0);
    const rows: { index: number; start: number; queryLen: number; samples: boolean }[] = [];
    cases.forEach(({ prompt }, index) => {
      const length = prompt.length + generated[index]!.length;
      // 29 is no multiple of the block size: chunks begin and end inside of blocks.
      const queryLen = Math.min(29, length - computed[index]!, 64 - plan.numTokens);
      if (queryLen === 0 || generated[index]!.length === 24) return;
      const samples = computed[index]! + queryLen === length;
      rows.push({ index, start: plan.numTokens, queryLen, samples });
      for (
        let block = Math.ceil(computed[index]! / BLOCK_SIZE);
        block * BLOCK_SIZE < computed[index]! + queryLen;
        block++
      ) {
        // Blocks of the four rows alternate.
        plan.addBlockWrite(index, block, 1 + 4 * block + index);
      }
      plan.addRow(index, computed[index]!, queryLen, samples ? 1 : 0);
      for (let i = 0; i < queryLen; i++) plan.addToken(prompt[computed[index]! + i] ?? LAST_SAMPLED);
    });
    plan.finish();
    batch.numRows = plan.words[PlanHeader.numRows]!;
    batch.numTokens = plan.words[PlanHeader.numTokens]!;
    batch.numSamples = plan.words[PlanHeader.numSamples]!;
    ops.prepareBatch(batch);
    workspace.reset();
    const logits = forward(workspace, batch);

    const row = new Float64Array(config.vocab_size);
    for (const { index, start, queryLen } of rows) {
      const { columns, logits: name, prompt } = cases[index]!;
      const width = columns?.length ?? config.vocab_size;
      const wanted = new Float64Array(width);
      for (let i = 0; i < queryLen && computed[index]! + i < prompt.length; i++) {
        load(row, logits, (start + i) * config.vocab_size);
        load(wanted, expected.get(name)!, (computed[index]! + i) * width);
        wanted.forEach((value, c) => {
          largestError = Math.max(largestError, Math.abs(value - row[columns?.[c] ?? c]!));
        });
      }
    }

    const last = workspace.alloc("float32", [batch.numSamples, config.vocab_size]);
    ops.gatherRows(last, logits, batch.sampleTokens);
    ops.sample(sampled, last, batch);
    let sample = 0;
    for (const { index, queryLen, samples } of rows) {
      computed[index]! += queryLen;
      if (samples) generated[index]!.push(intsOf(sampled)[sample++]!);
    }
  }
  expect(largestError).toBeLessThan(1e-4);
  cases.forEach(({ name, greedy }, index) => {
    expect(generated[index], name).toEqual(greedy);
  });
});
