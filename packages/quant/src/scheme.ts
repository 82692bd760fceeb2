// What a quantization scheme is: it knows which checkpoint tensors make up a linear layer and decodes them to core's
// canonical planes. Layers never see which scheme a checkpoint uses.
import type { LinearPart } from "@octavo/core";
import type { TensorSource } from "./tensor-source.js";
import type { TensorSpec } from "./tensor-spec.js";

/** One linear layer as a checkpoint names it, for example `model.layers.0.self_attn.q_proj`. */
export interface LinearRequest {
  /** The checkpoint's name without the tensor's own ending (`.weight`). */
  readonly name: string;
  /** Columns of the weight, in elements. */
  readonly inFeatures: number;
  /** Rows of the weight. */
  readonly outFeatures: number;
  /** Whether the architecture has a bias here. */
  readonly bias: boolean;
  /** The checkpoint's tensor of it, where a head has the embedding's weights and a bias of its own. Default: `<name>.bias`. */
  readonly biasName?: string;
  /** Whether a checkpoint in plain weights has them as [inFeatures, outFeatures] (GPT-2's Conv1D). Default false. */
  readonly transposed?: boolean;
  /**
   * Which of `count` weights of one shape, where a checkpoint has them in one tensor (gpt-oss' experts). The tensors are then called
   * `<name>` and `<name>_bias`, without an ending of their own. Default: one weight a tensor.
   */
  readonly stack?: { readonly index: number; readonly count: number };
  /**
   * Which rows of the tensor, where a checkpoint has this layer among others in one (DeepSeek's kv_b_proj: keys and values of each head):
   * those from `first` on, of `count` in all. Where it is `transposed`, they are the layer's columns. Default: all.
   */
  readonly slice?: { readonly first: number; readonly count: number };
}

/** Whether a source has a layer's rows as models want them. */
export function isArranged({ slice }: LinearRequest, source: TensorSource): boolean {
  return (slice === undefined ? source.isArranged : source.hasArrangedSlices) ?? false;
}

/** How a checkpoint stores the weights of its linear layers. */
export interface QuantScheme {
  /** The name that `quantization_config.quant_method` has; "unquantized" for plain weights. */
  readonly name: string;
  /** The checkpoint tensors that a linear layer consists of, with the shapes and dtypes they must have. */
  tensors(linear: LinearRequest): readonly TensorSpec[];
  /**
   * Reads a linear layer without copying more than decoding needs.
   * @throws CHECKPOINT when a tensor is missing or has another shape or dtype than {@link QuantScheme.tensors} says
   */
  decode(linear: LinearRequest, source: TensorSource): LinearPart;
}
