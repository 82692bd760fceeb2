// What a model architecture provides. One file for each; registry.ts lists them.
import type { Tensor } from "@octavo/core";
import type { CausalLM } from "./causal-lm.js";
import type { ConfigReader } from "./hf-config.js";
import type { ModelConfig } from "./model-config.js";
import type { ParameterSpec, Parameters } from "./parameters.js";

/** What a model is put together from. The model owns all of it through `dispose`. */
export interface ModelParts {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  /** float32 [rows, rotaryDim], see rope-table.ts */
  readonly ropeTable: Tensor;
  /** See {@link CausalLM.ropeOffset}. */
  ropeOffset(promptLength: number): number;
  readonly weightBytes: number;
  dispose(): void;
}

export interface Architecture {
  /** As in config.json's `architectures`. */
  readonly name: string;
  /** @throws CHECKPOINT or UNSUPPORTED that names the field */
  readConfig(reader: ConfigReader): ModelConfig;
  /** The weights, in the order in which the checkpoint usually has them. */
  parameters(config: ModelConfig): ParameterSpec[];
  create(parts: ModelParts): CausalLM;
}
