// How the tiny models are written as GGUF files: keys and names as llama.cpp's converter writes them. Written from that converter and not
// from Octavo's own tables, which the files are to prove.
import type { GgufWriterValue } from "@octavo/core/testing";
import type { ModelConfig, RopeConfig } from "@octavo/models";
import {
  type Arrange,
  addOne,
  flatten,
  pairHeads,
  splitGateUp,
  splitGroups,
  splitHalves,
  splitHeads,
  stackAll,
  turnAround,
} from "./arrange.js";

export type Names = readonly (readonly [from: string, to: string])[];
/** Any architecture's config. */
export type AnyConfig = ModelConfig & Readonly<Record<string, unknown>>;

export interface Recipe {
  /** Of test/fixtures/models. */
  readonly models: readonly string[];
  readonly architecture: string;
  readonly norm?: "layer";
  /** Keys of the whole file: a tokenizer's. */
  readonly metadata?: Readonly<Record<string, GgufWriterValue>>;
  /** Without `<architecture>.`; beside those of every model. */
  readonly keys?: (config: AnyConfig) => Readonly<Record<string, GgufWriterValue>>;
  /** Replaced in this order. */
  readonly names: Names;
  readonly arrange?: readonly Arrange[];
  /** Architecture that the file's config has, where it is not the folder's. */
  readonly reads?: string;
  /** Set where no key has what the model was made with, and Octavo takes what llama.cpp has in its code. */
  readonly config?: Readonly<Record<string, unknown>>;
}

const NAMES: Names = [
  ["model.embed_tokens", "token_embd"],
  ["model.norm", "output_norm"],
  ["lm_head", "output"],
  ["model.layers.", "blk."],
  ["self_attn.q_proj", "attn_q"],
  ["self_attn.k_proj", "attn_k"],
  ["self_attn.v_proj", "attn_v"],
  ["self_attn.o_proj", "attn_output"],
  ["self_attn.q_norm", "attn_q_norm"],
  ["self_attn.k_norm", "attn_k_norm"],
  ["mlp.gate_proj", "ffn_gate"],
  ["mlp.up_proj", "ffn_up"],
  ["mlp.down_proj", "ffn_down"],
];
const LLAMA: Names = [...NAMES, ["input_layernorm", "attn_norm"], ["post_attention_layernorm", "ffn_norm"]];
const MERGED: Names = [
  ["self_attn.qkv_proj", "attn_qkv"],
  ["mlp.gate_up_proj", "ffn_up"],
];
const GEMMA: Names = [
  ...NAMES,
  ["input_layernorm", "attn_norm"],
  ["post_attention_layernorm", "post_attention_norm"],
  ["pre_feedforward_layernorm", "ffn_norm"],
  ["post_feedforward_layernorm", "post_ffw_norm"],
];
const GEMMA4: Names = [
  ["model.embed_tokens_per_layer", "per_layer_token_embd"],
  ["model.per_layer_model_projection", "per_layer_model_proj"],
  ["model.per_layer_projection_norm", "per_layer_proj_norm"],
  ["per_layer_input_gate", "inp_gate"],
  ["post_per_layer_input_norm", "post_norm"],
  ["per_layer_projection", "proj"],
  ["pre_feedforward_layernorm_2", "pre_ffw_norm_2"],
  ["post_feedforward_layernorm_1", "post_ffw_norm_1"],
  ["post_feedforward_layernorm_2", "post_ffw_norm_2"],
  ["router.proj", "ffn_gate_inp"],
  ["router.scale", "ffn_gate_inp.scale"],
  ["router.per_expert_scale", "ffn_down_exps.scale"],
  ["experts.gate_up_proj", "ffn_gate_up_exps.weight"],
  ["experts.down_proj", "ffn_down_exps.weight"],
  ["layer_scalar", "layer_output_scale.weight"],
  ...GEMMA,
];
const BLOOM: Names = [
  ["transformer.word_embeddings_layernorm", "token_embd_norm"],
  ["transformer.word_embeddings", "token_embd"],
  ["transformer.ln_f", "output_norm"],
  ["lm_head", "output"],
  ["transformer.h.", "blk."],
  ["self_attention.query_key_value", "attn_qkv"],
  ["self_attention.dense", "attn_output"],
  ["mlp.dense_h_to_4h", "ffn_up"],
  ["mlp.dense_4h_to_h", "ffn_down"],
  ["input_layernorm", "attn_norm"],
  ["post_attention_layernorm", "ffn_norm"],
];

const GPT2: Names = [
  ["transformer.wte", "token_embd"],
  ["transformer.wpe", "position_embd"],
  ["transformer.ln_f", "output_norm"],
  ["transformer.h.", "blk."],
  ["ln_1", "attn_norm"],
  ["ln_2", "ffn_norm"],
  ["attn.c_attn", "attn_qkv"],
  ["attn.c_proj", "attn_output"],
  ["mlp.c_fc", "ffn_up"],
  ["mlp.c_proj", "ffn_down"],
];
const EXPERTS: Names = [
  ["mlp.gate.", "ffn_gate_inp."],
  ["mlp.experts.gate_proj", "ffn_gate_exps"],
  ["mlp.experts.up_proj", "ffn_up_exps"],
  ["mlp.experts.down_proj", "ffn_down_exps"],
];
const SHARED: Names = [
  ["shared_experts", "shared_expert"],
  ["mlp.shared_expert_gate", "ffn_gate_inp_shexp"],
  ["mlp.shared_expert.gate_proj", "ffn_gate_shexp"],
  ["mlp.shared_expert.up_proj", "ffn_up_shexp"],
  ["mlp.shared_expert.down_proj", "ffn_down_shexp"],
];

/** A list of flags. */
const flags = (values: readonly boolean[]) => ({
  type: 7,
  count: values.length,
  bytes: Uint8Array.from(values, Number),
});
/** A list of int32. */
const whole = (values: readonly number[]) => ({
  type: 5,
  count: values.length,
  bytes: new Uint8Array(Int32Array.from(values).buffer),
});
const experts = (config: AnyConfig) => ({
  expert_count: config.numExperts as number,
  expert_used_count: config.numExpertsPerToken as number,
});
const slides = ({ windows }: AnyConfig) => flags(windows.map((window) => window !== null));
const window = ({ windows }: AnyConfig) => windows.find((width) => width !== null) ?? 0;
/** Heads and widths layer by layer, as the converter has them where they differ. */
function gemma4Keys(config: AnyConfig): Readonly<Record<string, GgufWriterValue>> {
  const { windows, intermediateSize } = config;
  const [full, local] = [config.fullHeads, config.localHeads] as { numKvHeads: number; headDim: number }[];
  const cachedIn = config.cachedIn as readonly number[];
  const experts = config.experts as { count: number; chosen: number; size: number } | null;
  return {
    "attention.head_count_kv": whole(windows.map((width) => (width === null ? full! : local!).numKvHeads)),
    "attention.key_length": full!.headDim,
    "attention.value_length": full!.headDim,
    "attention.key_length_swa": local!.headDim,
    "attention.value_length_swa": local!.headDim,
    "rope.dimension_count": full!.headDim,
    "rope.dimension_count_swa": local!.headDim,
    "rope.freq_base_swa": (config.localRope as RopeConfig).theta,
    "attention.sliding_window": window(config),
    "attention.sliding_window_pattern": slides(config),
    "attention.shared_kv_layers": cachedIn.filter((from, layer) => from !== layer).length,
    feed_forward_length: config.widensSharing
      ? whole(cachedIn.map((from, layer) => intermediateSize * (from === layer ? 1 : 2)))
      : intermediateSize,
    embedding_length_per_layer_input: config.layerInputSize as number,
    final_logit_softcapping: config.logitSoftcap as number,
    ...(experts && {
      expert_count: experts.count,
      expert_used_count: experts.chosen,
      expert_feed_forward_length: experts.size,
    }),
  };
}
const rotating = ({ rope }: AnyConfig) => ({ "rope.dimension_count": rope!.rotaryDim });

const multipliers = (config: AnyConfig) => ({
  "attention.scale": config.attentionMultiplier as number,
  embedding_scale: config.embeddingMultiplier as number,
  residual_scale: config.residualMultiplier as number,
  logit_scale: config.logitsScaling as number,
});

/** As the converter writes DeepSeek V2 and V3 today; older files have keys and values of heads in one tensor. */
const deepseek = (config: AnyConfig) => {
  const at = (name: string) => config[name] as number;
  const { count, chosen } = (config.groups as { count: number; chosen: number } | undefined) ?? { count: 1, chosen: 1 };
  const scaling = config.rope!.scaling;
  return {
    ...experts(config),
    ...rotating(config),
    ...(config.queryRank === null ? {} : { "attention.q_lora_rank": at("queryRank") }),
    "attention.kv_lora_rank": at("latentDim"),
    "attention.value_length": at("latentDim"),
    "attention.key_length_mla": at("stillDim") + at("rotaryDim"),
    "attention.value_length_mla": at("valueDim"),
    expert_feed_forward_length: at("expertSize"),
    expert_shared_count: at("numSharedExperts"),
    expert_weights_scale: at("routedScale"),
    expert_weights_norm: config.renormalizes as boolean,
    expert_gating_func: config.scoring === "sigmoid" ? 2 : 1,
    expert_group_count: count,
    expert_group_used_count: chosen,
    leading_dense_block_count: (config.isSparse as boolean[]).indexOf(true),
    ...(scaling.type === "yarn" ? { "rope.scaling.yarn_log_multiplier": 0.1 * scaling.mscaleAllDim! } : {}),
  };
};
const DEEPSEEK: Names = [
  ["self_attn.q_a_proj", "attn_q_a"],
  ["self_attn.q_a_layernorm", "attn_q_a_norm"],
  ["self_attn.q_b_proj", "attn_q_b"],
  ["self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa"],
  ["self_attn.kv_a_layernorm", "attn_kv_a_norm"],
  ["self_attn.kv_b_proj", "attn_kv_b"],
  ["self_attn.k_b_proj", "attn_k_b"],
  ["self_attn.v_b_proj", "attn_v_b"],
  ["mlp.gate.e_score_correction_bias", "exp_probs_b.bias"],
  ["mlp.gate.", "ffn_gate_inp."],
  ["mlp.experts.gate_proj", "ffn_gate_exps"],
  ["mlp.experts.up_proj", "ffn_up_exps"],
  ["mlp.experts.down_proj", "ffn_down_exps"],
  ["mlp.shared_experts.gate_proj", "ffn_gate_shexp"],
  ["mlp.shared_experts.up_proj", "ffn_up_shexp"],
  ["mlp.shared_experts.down_proj", "ffn_down_shexp"],
  ...LLAMA,
];

const LLAMAS = ["mha", "gqa-tied", "mqa-headdim", "bias", "bf16", "f16", "rope-linear", "rope-llama3", "rope-yarn"];

export const RECIPES: readonly Recipe[] = [
  {
    models: LLAMAS.map((name) => `llama-${name}`),
    architecture: "llama",
    keys: (config) => ({ vocab_size: config.vocabSize, ...rotating(config) }),
    names: LLAMA,
    arrange: [pairHeads],
  },
  {
    models: ["mistral-nemo"],
    architecture: "llama",
    keys: rotating,
    names: LLAMA,
    arrange: [pairHeads],
    reads: "LlamaForCausalLM",
  },
  {
    models: ["mixtral"],
    architecture: "llama",
    keys: (config) => ({ ...experts(config), ...rotating(config) }),
    names: [
      ["block_sparse_moe.gate", "ffn_gate_inp"],
      ["block_sparse_moe.experts.w1", "ffn_gate_exps"],
      ["block_sparse_moe.experts.w2", "ffn_down_exps"],
      ["block_sparse_moe.experts.w3", "ffn_up_exps"],
      ...LLAMA,
    ],
    arrange: [pairHeads, stackAll(/\.experts\.(\d+)\./)],
  },
  {
    models: ["granite"],
    architecture: "granite",
    keys: (config) => ({ ...rotating(config), ...multipliers(config) }),
    names: LLAMA,
    arrange: [pairHeads],
  },
  {
    models: ["smollm3"],
    architecture: "smollm3",
    keys: rotating,
    names: LLAMA,
    arrange: [pairHeads],
    config: { no_rope_layers: null, no_rope_layer_interval: 4 },
  },
  { models: ["qwen2"], architecture: "qwen2", names: LLAMA },
  { models: ["qwen3", "qwen3-bias-yarn"], architecture: "qwen3", names: LLAMA },
  {
    models: ["qwen3-moe"],
    architecture: "qwen3moe",
    keys: (config) => ({ ...experts(config), expert_feed_forward_length: config.expertSize as number }),
    names: [...EXPERTS, ...LLAMA],
    arrange: [stackAll(/\.experts\.(\d+)\./)],
  },
  {
    models: ["olmo3"],
    architecture: "olmo2",
    keys: (config) => ({
      "attention.sliding_window": window(config),
      "attention.sliding_window_pattern": slides(config),
      "rope.scaling.yarn_attn_factor": 1.2,
    }),
    names: GEMMA.filter(([from]) => !from.startsWith("pre_")),
  },
  {
    models: ["deepseek-v2", "deepseek-v3"],
    architecture: "deepseek2",
    keys: deepseek,
    names: DEEPSEEK,
    arrange: [stackAll(/\.experts\.(\d+)\./), splitHeads],
  },
  {
    models: ["deepseek-v2-lite"],
    architecture: "deepseek2",
    keys: ({ numHeads, ...config }) => {
      const {
        "attention.key_length_mla": keys,
        "attention.value_length_mla": values,
        ...others
      } = deepseek({ numHeads, ...config });
      const widths = { "attention.key_length": keys, "attention.value_length": values };
      return { ...others, ...widths, "attention.head_count_kv": numHeads };
    },
    names: DEEPSEEK,
    arrange: [stackAll(/\.experts\.(\d+)\./)],
  },
  { models: ["olmo2"], architecture: "olmo2", names: GEMMA.filter(([from]) => !from.startsWith("pre_")) },
  {
    models: ["stablelm", "stablelm-parallel-qk-norm"],
    architecture: "stablelm",
    norm: "layer",
    keys: (config) => ({ ...rotating(config), use_parallel_residual: true }),
    names: [
      ["self_attn.q_layernorm", "attn_q_norm"],
      ["self_attn.k_layernorm", "attn_k_norm"],
      ["norms.", ""],
      ...LLAMA,
    ],
    arrange: [stackAll(/\.norms\.(\d+)\./)],
  },
  { models: ["gemma"], architecture: "gemma", names: LLAMA, arrange: [addOne] },
  {
    models: ["gemma2"],
    architecture: "gemma2",
    // The converter writes no scale: the models that there are have usual ones.
    keys: (config) => ({
      "attention.scale": (config.queryScalar as number) ** -0.5,
      "attention.sliding_window": window(config),
      attn_logit_softcapping: config.attentionSoftcap as number,
      final_logit_softcapping: config.logitSoftcap as number,
    }),
    names: GEMMA,
    arrange: [addOne],
  },
  {
    models: ["gemma3"],
    architecture: "gemma3",
    keys: (config) => ({
      "attention.scale": (config.queryScalar as number) ** -0.5,
      "attention.sliding_window": window(config),
      "attention.sliding_window_pattern": slides(config),
      // Without rope.freq_base_swa, as in most files: 10,000.
    }),
    names: GEMMA,
    arrange: [addOne],
  },
  {
    models: ["gemma4", "gemma4-moe", "gemma4-per-layer"],
    architecture: "gemma4",
    keys: gemma4Keys,
    names: GEMMA4,
  },
  {
    models: ["phi3", "phi4-longrope"],
    architecture: "phi3",
    keys: (config) => ({ ...rotating(config), "attention.sliding_window": window(config) }),
    names: [...MERGED, ...LLAMA],
  },
  {
    models: ["glm4"],
    architecture: "glm4",
    keys: rotating,
    names: [
      ["post_self_attn_layernorm", "post_attention_norm"],
      ["post_mlp_layernorm", "post_ffw_norm"],
      ...MERGED,
      ...LLAMA,
    ],
  },
  { models: ["glm"], architecture: "chatglm", keys: rotating, names: [...MERGED, ...LLAMA] },
  {
    models: ["gpt-oss"],
    architecture: "gpt-oss",
    keys: (config) => ({
      ...experts(config),
      expert_feed_forward_length: config.intermediateSize,
      "attention.sliding_window": window(config),
    }),
    names: [
      ["self_attn.sinks", "attn_sinks.weight"],
      ["mlp.router", "ffn_gate_inp"],
      ["mlp.experts.gate_proj", "ffn_gate_exps"],
      ["mlp.experts.up_proj", "ffn_up_exps"],
      ["mlp.experts.down_proj", "ffn_down_exps"],
      ["post_attention_layernorm", "post_attention_norm"],
      ...LLAMA,
    ],
    arrange: [splitGateUp],
  },
  {
    models: ["gpt2-scaled-by-layer"],
    architecture: "gpt2",
    norm: "layer",
    config: { scale_attn_by_inverse_layer_idx: false, activation_function: "gelu_new" },
    keys: (config) => ({ feed_forward_length: 4 * config.hiddenSize }),
    names: GPT2,
    arrange: [turnAround],
  },
  {
    models: ["gpt-neox", "gpt-neox-sequential"],
    architecture: "gptneox",
    norm: "layer",
    keys: (config) => ({ ...rotating(config), use_parallel_residual: config.isParallel as boolean }),
    names: [
      ["gpt_neox.embed_in", "token_embd"],
      ["gpt_neox.final_layer_norm", "output_norm"],
      ["embed_out", "output"],
      ["gpt_neox.layers.", "blk."],
      ["attention.query_key_value", "attn_qkv"],
      ["attention.dense", "attn_output"],
      ["mlp.dense_h_to_4h", "ffn_up"],
      ["mlp.dense_4h_to_h", "ffn_down"],
      ["input_layernorm", "attn_norm"],
      ["post_attention_layernorm", "ffn_norm"],
    ],
    arrange: [splitGroups(/query_key_value/)],
  },
  {
    models: ["falcon-7b", "falcon-40b"],
    architecture: "falcon",
    norm: "layer",
    keys: (config) => ({ tensor_data_layout: "jploski", feed_forward_length: 4 * config.hiddenSize }),
    names: [["ln_attn", "attn_norm_2"], ["ln_mlp", "attn_norm"], ...BLOOM],
    arrange: [splitGroups(/query_key_value/)],
  },
  {
    models: ["falcon-rw"],
    architecture: "falcon",
    norm: "layer",
    keys: () => ({ "attention.max_alibi_bias": 8 }),
    names: BLOOM,
    arrange: [splitGroups(/query_key_value/)],
  },
  {
    models: ["bloom"],
    architecture: "bloom",
    norm: "layer",
    keys: (config) => ({ context_length: config.maxPositions }),
    names: BLOOM,
    arrange: [splitGroups(/query_key_value/)],
  },
  {
    models: ["olmo"],
    architecture: "olmo",
    norm: "layer",
    keys: (config) => ({ ...rotating(config), "attention.clamp_kqv": config.clip as number }),
    names: LLAMA,
    arrange: [pairHeads],
  },
  {
    models: ["mpt", "mpt-clipped"],
    architecture: "mpt",
    norm: "layer",
    keys: ({ clip }) => ({ "attention.max_alibi_bias": 8, ...(clip ? { "attention.clamp_kqv": clip as number } : {}) }),
    names: [
      ["transformer.wte", "token_embd"],
      ["transformer.norm_f", "output_norm"],
      ["transformer.blocks.", "blk."],
      ["norm_1", "attn_norm"],
      ["norm_2", "ffn_norm"],
      ["attn.Wqkv", "attn_qkv"],
      ["attn.out_proj", "attn_output"],
      ["ffn.up_proj", "ffn_up"],
      ["ffn.down_proj", "ffn_down"],
    ],
  },
  { models: ["arcee"], architecture: "arcee", keys: rotating, names: LLAMA, arrange: [pairHeads] },
  {
    models: ["cohere", "cohere-qk-norm"],
    architecture: "command-r",
    norm: "layer",
    keys: (config) => ({ logit_scale: config.logitScale as number, "rope.scaling.type": "none" }),
    names: LLAMA,
  },
  {
    models: ["cohere2"],
    architecture: "cohere2",
    norm: "layer",
    keys: (config) => ({
      ...rotating(config),
      logit_scale: config.logitScale as number,
      "attention.sliding_window": window(config),
      "attention.sliding_window_pattern": 3, // absent: 4
      "rope.scaling.type": "none",
    }),
    names: LLAMA,
  },
  { models: ["ernie4_5"], architecture: "ernie4_5", names: LLAMA },
  {
    models: ["minimax-m2"],
    architecture: "minimax-m2",
    keys: (config) => ({
      ...experts(config),
      ...rotating(config),
      expert_feed_forward_length: config.intermediateSize,
      expert_gating_func: 2,
    }),
    names: [
      ["block_sparse_moe.e_score_correction_bias", "exp_probs_b.bias"],
      ["block_sparse_moe.gate", "ffn_gate_inp"],
      ["block_sparse_moe.experts.w1", "ffn_gate_exps"],
      ["block_sparse_moe.experts.w2", "ffn_down_exps"],
      ["block_sparse_moe.experts.w3", "ffn_up_exps"],
      ...LLAMA,
    ],
    arrange: [stackAll(/\.experts\.(\d+)\./)],
  },
  {
    models: ["glm4-moe"],
    architecture: "glm4moe",
    keys: (config) => ({
      ...experts(config),
      ...rotating(config),
      expert_feed_forward_length: config.expertSize as number,
      expert_shared_count: config.numSharedExperts as number,
      expert_weights_scale: config.routedScale as number,
      expert_weights_norm: config.renormalizes as boolean,
      expert_gating_func: 2,
      leading_dense_block_count: 1,
      nextn_predict_layers: 0,
    }),
    names: [
      ["mlp.gate.e_score_correction_bias", "exp_probs_b.bias"],
      ...EXPERTS,
      ...SHARED,
      ["post_attention_layernorm", "post_attention_norm"],
      ...LLAMA,
    ],
    arrange: [stackAll(/\.experts\.(\d+)\./)],
  },
  {
    models: ["ernie4_5-moe"],
    architecture: "ernie4_5-moe",
    keys: (config) => ({
      ...experts(config),
      expert_feed_forward_length: config.expertSize as number,
      expert_shared_count: 2,
      expert_shared_feed_forward_length: 20,
      leading_dense_block_count: 1,
      interleave_moe_layer_step: 1,
    }),
    names: [["mlp.moe_statics.e_score_correction_bias", "exp_probs_b.bias"], ...EXPERTS, ...SHARED, ...LLAMA],
    arrange: [stackAll(/\.experts\.(\d+)\./)],
  },
  { models: ["llama-rope-llama3"], architecture: "exaone", names: LLAMA },
  {
    models: ["exaone4"],
    architecture: "exaone4",
    keys: (config) => ({
      "attention.sliding_window": window(config),
      "attention.sliding_window_pattern": slides(config),
    }),
    names: GEMMA.filter(([from]) => !from.startsWith("pre_")),
  },
  {
    models: ["granite-moe", "granite-moe-shared"],
    architecture: "granitemoe",
    keys: (config) => ({
      ...experts(config),
      ...rotating(config),
      ...multipliers(config),
      ...(config.sharedSize ? { expert_shared_feed_forward_length: config.sharedSize as number } : {}),
    }),
    names: [
      ["block_sparse_moe.router.layer", "ffn_gate_inp"],
      ["block_sparse_moe.output_linear", "ffn_down_exps"],
      ["shared_mlp.output_linear", "ffn_down_shexp"],
      ...LLAMA,
    ],
    arrange: [
      pairHeads,
      splitHalves("block_sparse_moe.input_linear.weight", ["ffn_gate_exps.weight", "ffn_up_exps.weight"]),
      splitHalves("shared_mlp.input_linear.weight", ["ffn_gate_shexp.weight", "ffn_up_shexp.weight"]),
    ],
  },
  {
    models: ["hunyuan-dense"],
    architecture: "hunyuan-dense",
    keys: () => ({ "rope.scaling.type": "none", "rope.scaling.factor": 1 }),
    names: [["self_attn.query_layernorm", "attn_q_norm"], ["self_attn.key_layernorm", "attn_k_norm"], ...LLAMA],
  },
  {
    models: ["hunyuan-moe"],
    architecture: "hunyuan-moe",
    keys: (config) => ({
      ...experts(config),
      expert_feed_forward_length: config.intermediateSize,
      expert_shared_feed_forward_length: config.intermediateSize,
      expert_shared_count: 1,
    }),
    names: [
      ["mlp.gate.wg", "ffn_gate_inp"],
      ["mlp.shared_mlp.gate_proj", "ffn_gate_shexp"],
      ["mlp.shared_mlp.up_proj", "ffn_up_shexp"],
      ["mlp.shared_mlp.down_proj", "ffn_down_shexp"],
      ["self_attn.query_layernorm", "attn_q_norm"],
      ["self_attn.key_layernorm", "attn_k_norm"],
      ...EXPERTS,
      ...LLAMA,
    ],
    arrange: [stackAll(/\.experts\.(\d+)\./)],
  },
  { models: ["llama-gqa-tied"], architecture: "internlm2", names: LLAMA, arrange: [pairHeads] },
  {
    models: ["granite"],
    architecture: "minicpm",
    config: { attention_multiplier: 8 ** -0.5 },
    keys: (config) => ({ ...rotating(config), ...multipliers(config), "attention.scale": 0 }),
    names: LLAMA,
    arrange: [pairHeads],
  },
  { models: ["nemotron"], architecture: "nemotron", norm: "layer", keys: rotating, names: LLAMA, arrange: [addOne] },
  {
    models: ["olmoe"],
    architecture: "olmoe",
    keys: experts,
    names: [...EXPERTS, ...LLAMA],
    arrange: [stackAll(/\.experts\.(\d+)\./)],
  },
  {
    models: ["phi"],
    architecture: "phi2",
    norm: "layer",
    keys: rotating,
    names: [
      ["model.final_layernorm", "output_norm"],
      ["self_attn.dense", "attn_output"],
      ["mlp.fc1", "ffn_up"],
      ["mlp.fc2", "ffn_down"],
      ...LLAMA,
    ],
  },
  {
    models: ["qwen2-moe"],
    architecture: "qwen2moe",
    keys: (config) => ({
      ...experts(config),
      expert_feed_forward_length: config.expertSize as number,
      expert_shared_feed_forward_length: config.sharedSize as number,
    }),
    names: [...EXPERTS, ...SHARED, ...LLAMA],
    arrange: [stackAll(/\.experts\.(\d+)\./), flatten(/shared_expert_gate/)],
  },
  {
    models: ["seed-oss"],
    architecture: "seed_oss",
    names: [["post_attention_layernorm", "post_attention_norm"], ...LLAMA],
  },
  {
    models: ["gpt-bigcode"],
    architecture: "starcoder",
    norm: "layer",
    keys: (config) => ({ feed_forward_length: 4 * config.hiddenSize }),
    names: GPT2,
  },
  {
    models: ["starcoder2"],
    architecture: "starcoder2",
    norm: "layer",
    config: { sliding_window: 4096 },
    names: [["mlp.c_fc", "ffn_up"], ["mlp.c_proj", "ffn_down"], ...LLAMA],
  },
];
