// Models that transformers has no class for, as their authors' own code computes them: a fixture's tensors under their names and in
// their order give the fixture's golden logits.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBackend } from "@octavo/kernels-cpu";
import { afterAll, expect, test } from "vitest";
import { reorder, type Stored, type StoredTensors, storedTensors } from "./gguf/stored-tensors.js";
import { goldenModels, largestDistance } from "./golden.js";
import { logitsOf } from "./golden-run.js";
import { writeSafetensors } from "./write-safetensors.js";

interface Renamed {
  /** Of test/fixtures/models. */
  readonly fixture: string;
  /** config.json's, in place of the fixture's or beside them; undefined: left out. */
  fields(fixture: Record<string, unknown>): Readonly<Record<string, unknown>>;
  /** Replaced in this order. */
  readonly names: readonly (readonly [from: string, to: string])[];
  readonly arrange?: (tensors: StoredTensors, fixture: Readonly<Record<string, unknown>>) => void;
}

const MODELS: Readonly<Record<string, Renamed>> = {
  ExaoneForCausalLM: {
    fixture: "llama-rope-llama3",
    fields: ({ num_hidden_layers, rms_norm_eps, hidden_act }) => ({
      num_layers: num_hidden_layers,
      layer_norm_epsilon: rms_norm_eps,
      activation_function: hidden_act,
      num_hidden_layers: undefined,
      rms_norm_eps: undefined,
    }),
    names: [
      ["model.embed_tokens", "transformer.wte"],
      ["model.norm", "transformer.ln_f"],
      ["model.layers.", "transformer.h."],
      ["self_attn.o_proj", "self_attn.out_proj"],
      ["self_attn", "attn.attention"],
      ["input_layernorm", "ln_1"],
      ["post_attention_layernorm", "ln_2"],
      ["mlp.gate_proj", "mlp.c_fc_0"],
      ["mlp.up_proj", "mlp.c_fc_1"],
      ["mlp.down_proj", "mlp.c_proj"],
    ],
  },
  InternLM2ForCausalLM: {
    fixture: "llama-rope-dynamic",
    fields: () => ({ bias: false }),
    names: [
      ["embed_tokens", "tok_embeddings"],
      ["lm_head", "output"],
      ["self_attn.o_proj", "attention.wo"],
      ["self_attn", "attention"],
      ["input_layernorm", "attention_norm"],
      ["post_attention_layernorm", "ffn_norm"],
      ["mlp.gate_proj", "feed_forward.w1"],
      ["mlp.down_proj", "feed_forward.w2"],
      ["mlp.up_proj", "feed_forward.w3"],
    ],
    arrange: mergeGroups,
  },
  KimiK25ForConditionalGeneration: {
    fixture: "deepseek-v3",
    fields: (fixture) => ({ text_config: { ...fixture, model_type: "kimi_k2" } }),
    names: [
      ["model.", "language_model.model."],
      ["lm_head", "language_model.lm_head"],
    ],
  },
  MiMoForCausalLM: { fixture: "qwen2", fields: () => ({}), names: [] },
  RWForCausalLM: {
    fixture: "falcon-40b",
    fields: ({ num_attention_heads, num_hidden_layers, num_kv_heads }) => ({
      model_type: "RefinedWeb",
      n_head: num_attention_heads,
      n_layer: num_hidden_layers,
      n_head_kv: num_kv_heads,
      num_attention_heads: undefined,
      num_hidden_layers: undefined,
      num_kv_heads: undefined,
      new_decoder_architecture: undefined,
    }),
    names: [],
  },
  MiniCPMForCausalLM: {
    fixture: "granite",
    fields: ({ hidden_size, num_hidden_layers, ...granite }) => ({
      scale_emb: granite.embedding_multiplier,
      scale_depth: (granite.residual_multiplier as number) * (num_hidden_layers as number) ** 0.5,
      dim_model_base: (hidden_size as number) / (granite.logits_scaling as number),
      embedding_multiplier: undefined,
      residual_multiplier: undefined,
      logits_scaling: undefined,
    }),
    names: [],
    arrange: (tensors, { attention_multiplier, hidden_size, num_attention_heads }) => {
      // It has no factor of scores: what Granite's makes of the usual one goes into the queries.
      const usual = ((hidden_size as number) / (num_attention_heads as number)) ** -0.5;
      const factor = (attention_multiplier as number) / usual;
      for (const [name, stored] of tensors)
        if (name.includes("q_proj")) tensors.set(name, { ...stored, values: stored.values.map((v) => v * factor) });
    },
  },
};

const folder = mkdtempSync(join(tmpdir(), "octavo-renamed-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(Object.entries(MODELS))("%s", (architecture, { fixture, fields, names, arrange }) => {
  const model = goldenModels().find(({ name }) => name === fixture)!;
  const config = JSON.parse(readFileSync(join(model.folder, "config.json"), "utf8")) as Record<string, unknown>;
  const tensors = storedTensors(join(model.folder, "model.safetensors"));
  arrange?.(tensors, config);
  const renamed = [...tensors].map(([name, stored]) => {
    return [names.reduce((text, [from, to]) => text.replace(from, to), name), stored] as const;
  });
  writeSafetensors(join(folder, "model.safetensors"), new Map(renamed));
  const own = { ...config, architectures: [architecture], ...fields(config) };
  writeFileSync(join(folder, "config.json"), JSON.stringify(own));
  using backend = createBackend({ numThreads: 1 });
  for (const golden of model.cases.filter((c) => c.logits)) {
    const found = logitsOf({ ...model, folder }, backend, golden, golden.ids.length);
    expect(largestDistance(found, golden).distance, golden.name).toBeLessThan(1e-3);
  }
});

/** q, k and v of each group of heads that share a key: its queries, the key, the value. */
function mergeGroups(tensors: StoredTensors, config: Readonly<Record<string, unknown>>): void {
  const [heads, kvHeads, headDim] = [
    config.num_attention_heads,
    config.num_key_value_heads,
    config.head_dim,
  ] as number[];
  const queries = heads! / kvHeads!;
  for (const [name, q] of [...tensors]) {
    if (!name.endsWith("q_proj.weight")) continue;
    const parts = ["q", "k", "v"].map((part) => tensors.get(name.replace("q_proj", `${part}_proj`))!);
    for (const part of ["q", "k", "v"]) tensors.delete(name.replace("q_proj", `${part}_proj`));
    const rows: number[] = [];
    const take = (head: number) => {
      for (let i = 0; i < headDim!; i++) rows.push(head * headDim! + i);
    };
    for (let group = 0; group < kvHeads!; group++) {
      for (let query = 0; query < queries; query++) take(group * queries + query);
      take(heads! + group);
      take(heads! + kvHeads! + group);
    }
    const values = Float32Array.from(parts.flatMap((part) => [...part.values]));
    const stacked: Stored = { ...q, shape: [rows.length, q.shape[1]!], values };
    tensors.set(
      name.replace("q_proj", "wqkv"),
      reorder(stacked, (row) => rows[row]!),
    );
  }
}
