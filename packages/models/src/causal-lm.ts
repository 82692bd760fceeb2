// What the engine sees of a model: one call a step or two, on tensors that the engine owns.
import type { Batch, FloatDType, Ops, Tensor, Workspace } from "@octavo/core";
import type { ModelConfig } from "./model-config.js";

/** The paged cache: for each layer [blocks, kvHeads, blockSize, headDim], in the model's dtype; layers of several groups share tensors. */
export interface KvCacheTensors {
  /** One for each layer. */
  readonly keys: readonly Tensor[];
  /** One for each layer; of latent attention a slice of its keys. */
  readonly values: readonly Tensor[];
}

/** Everything that one step's forward pass works on. */
export interface ForwardContext {
  /** The backend's that the model was loaded on. */
  readonly ops: Ops;
  /** Scratch of the step; see {@link TextModel.workspaceBytes}. */
  readonly workspace: Workspace;
  /** Prepared with `ops.prepareBatch`. */
  readonly batch: Batch;
  /**
   * For each layer, the batch with its group's block table and slots, for attention and the writing of keys and values. Default:
   * `batch` for all.
   */
  readonly layerBatches?: readonly Batch[] | undefined;
  /** Written and read by a decoder's attention; of an encoder nothing is looked at. */
  readonly kvCache: KvCacheTensors;
  /** Go through the first so many layers only, then the final norm: the model as a draft of itself. Default: all. */
  readonly numLayers?: number;
  /** Sees named intermediates ("embedding", "layers.0.attention", "layers.0.mlp", "layers.0", "norm"), for debugging and parity. */
  readonly tap?: (name: string, tensor: Tensor) => void;
}

/** A loaded model, up to its hidden states. */
export interface TextModel extends Disposable {
  /** What it was loaded from. */
  readonly config: ModelConfig;
  /** Of weights, activations and KV cache. */
  readonly dtype: FloatDType;
  /** Bytes of the parameters and the RoPE table, at most. */
  readonly weightBytes: number;
  /**
   * Enqueues a step up to and with the final norm; an encoder's steps hold whole prompts.
   * @returns [numTokens, hidden] in the workspace, valid until its reset
   */
  forward(context: ForwardContext): Tensor;
  /**
   * The RoPE table's first row for a request with this prompt. Requests with different offsets must not share cached keys.
   */
  ropeOffset(promptLength: number): number;
  /** What a step takes from the workspace: forward and, with a head, gathering `maxSamples` rows of hidden states, and their logits. */
  workspaceBytes(maxTokens: number, maxSamples: number): number;
  /** Frees its weights. */
  dispose(): void;
}

/** A loaded model that ends with its hidden states: an encoder, or a decoder without its head. */
export interface Encoder extends TextModel {
  readonly kind: "encoder";
}

/** A loaded decoder-only language model. */
export interface CausalLM extends TextModel {
  readonly kind: "decoder";
  /** @param hidden [S, hidden] of {@link forward}, usually gathered. @returns float32 [S, vocab] in the workspace */
  logits(context: ForwardContext, hidden: Tensor): Tensor;
}
