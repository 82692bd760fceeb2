// LlamaForCausalLM: Llama 1 to 3 and what is built like them (Touvron et al. 2023).
import { type FloatDType, type Tensor, workspaceBytes } from "@octavo/core";
import type { Architecture, ModelParts } from "./architecture.js";
import type { CausalLM, ForwardContext } from "./causal-lm.js";
import type { ConfigReader } from "./hf-config.js";
import { Attention } from "./layers/attention.js";
import { Embedding } from "./layers/embedding.js";
import { GatedMlp } from "./layers/gated-mlp.js";
import { LmHead } from "./layers/lm-head.js";
import { RmsNorm } from "./layers/rms-norm.js";
import { type ModelConfig, readDecoderConfig } from "./model-config.js";
import type { ParameterSpec } from "./parameters.js";

const NAME = "LlamaForCausalLM";
const EMBEDDING = "model.embed_tokens";
const FINAL_NORM = "model.norm";

export const llama: Architecture = {
  name: NAME,
  readConfig(reader: ConfigReader): ModelConfig {
    const activation = reader.string("hidden_act", "silu");
    if (activation !== "silu" && activation !== "swish") reader.unsupported("hidden_act", ["silu"]);
    return readDecoderConfig(reader, NAME, {
      maxPositions: 2048,
      rmsNormEps: 1e-6,
      tieWordEmbeddings: false,
      attentionBias: false,
      mlpBias: false,
      bosTokenId: 1,
      eosTokenIds: [2],
    });
  },
  parameters(config: ModelConfig): ParameterSpec[] {
    const layers = Array.from({ length: config.numLayers }, (_, i) => Layer.parameters(i, config));
    return [
      ...Embedding.parameters(EMBEDDING, config.vocabSize, config.hiddenSize),
      ...layers.flat(),
      ...RmsNorm.parameters(FINAL_NORM, config.hiddenSize),
      ...LmHead.parameters(EMBEDDING, config),
    ];
  },
  create: (parts) => new LlamaForCausalLM(parts),
};

/** One transformer block; each norm first adds the sub-layer before it to the residual stream. */
class Layer {
  readonly inputNorm: RmsNorm;
  readonly attention: Attention;
  readonly postAttentionNorm: RmsNorm;
  readonly mlp: GatedMlp;

  static parameters(index: number, config: ModelConfig): ParameterSpec[] {
    const id = `model.layers.${index}`;
    return [
      ...RmsNorm.parameters(`${id}.input_layernorm`, config.hiddenSize),
      ...Attention.parameters(`${id}.self_attn`, config),
      ...RmsNorm.parameters(`${id}.post_attention_layernorm`, config.hiddenSize),
      ...GatedMlp.parameters(`${id}.mlp`, config),
    ];
  }

  constructor(index: number, { config, parameters, ropeTable }: ModelParts) {
    const id = `model.layers.${index}`;
    this.inputNorm = new RmsNorm(`${id}.input_layernorm`, config.rmsNormEps, parameters);
    this.attention = new Attention(`${id}.self_attn`, index, config, parameters, ropeTable);
    this.postAttentionNorm = new RmsNorm(`${id}.post_attention_layernorm`, config.rmsNormEps, parameters);
    this.mlp = new GatedMlp(`${id}.mlp`, parameters);
  }
}

class LlamaForCausalLM implements CausalLM {
  readonly config: ModelConfig;
  readonly dtype: FloatDType;
  readonly weightBytes: number;
  readonly #parts: ModelParts;
  readonly #embedding: Embedding;
  readonly #layers: readonly Layer[];
  readonly #norm: RmsNorm;
  readonly #head: LmHead;

  constructor(parts: ModelParts) {
    const { config, parameters } = parts;
    this.config = config;
    this.dtype = parameters.dtype;
    this.weightBytes = parts.weightBytes;
    this.#parts = parts;
    this.#embedding = new Embedding(EMBEDDING, parameters);
    this.#layers = Array.from({ length: config.numLayers }, (_, index) => new Layer(index, parts));
    this.#norm = new RmsNorm(FINAL_NORM, config.rmsNormEps, parameters);
    this.#head = new LmHead(parameters);
  }

  forward(context: ForwardContext): Tensor {
    const { ops, workspace, batch, tap, numLayers } = context;
    const shape = [batch.numTokens, this.config.hiddenSize];
    const normed = workspace.alloc(this.dtype, shape);
    const mark = workspace.mark();
    const residual = workspace.alloc(this.dtype, shape);
    const output = workspace.alloc(this.dtype, shape); // of the sub-layer before
    this.#embedding.forward(ops, residual, batch.inputIds);
    tap?.("embedding", residual);
    for (const [index, layer] of this.#layers.entries()) {
      if (index === numLayers) break;
      if (index === 0) layer.inputNorm.forward(ops, normed, residual);
      else layer.inputNorm.addForward(ops, normed, residual, output);
      layer.attention.forward(context, output, normed);
      tap?.(`layers.${index}.attention`, output);
      layer.postAttentionNorm.addForward(ops, normed, residual, output);
      layer.mlp.forward(context, output, normed);
      tap?.(`layers.${index}.mlp`, output);
    }
    this.#norm.addForward(ops, normed, residual, output);
    tap?.("norm", normed);
    workspace.release(mark);
    return normed;
  }

  logits(context: ForwardContext, hidden: Tensor): Tensor {
    return this.#head.forward(context, hidden);
  }

  ropeOffset(promptLength: number): number {
    return this.#parts.ropeOffset(promptLength);
  }

  workspaceBytes(maxTokens: number, maxSamples: number): number {
    const { config, dtype } = this;
    const rows = workspaceBytes(dtype, [maxTokens, config.hiddenSize]);
    const scratch = Math.max(
      Attention.workspaceBytes(config, dtype, maxTokens),
      GatedMlp.workspaceBytes(config, dtype, maxTokens),
    );
    const sampling = workspaceBytes(dtype, [maxSamples, config.hiddenSize]) + LmHead.workspaceBytes(config, maxSamples);
    return rows + Math.max(2 * rows + scratch, sampling);
  }

  dispose(): void {
    this.#parts.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
