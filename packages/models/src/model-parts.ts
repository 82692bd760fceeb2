// What a model is put together from, once its weights are on a backend.
import type { Tensor } from "@octavo/core";
import type { StackBlueprint } from "./blueprint.js";
import type { ModelConfig } from "./model-config.js";
import type { Parameters } from "./parameters.js";

/** The model owns all of it through `dispose`. */
export interface ModelParts<B extends StackBlueprint = StackBlueprint> {
  readonly config: ModelConfig;
  readonly blueprint: B;
  readonly parameters: Parameters;
  /** For each of the blueprint's `ropes`: float32 [rows, rotaryDim], see rope-table.ts */
  readonly ropeTables: readonly Tensor[];
  /** See {@link TextModel.ropeOffset}. */
  ropeOffset(promptLength: number): number;
  /** A float32 tensor on the backend with these values. */
  constant(values: readonly number[]): Tensor;
  /** An int32 tensor on the backend. @param value of each index */
  indices(count: number, value: (index: number) => number): Tensor;
  readonly weightBytes: number;
  dispose(): void;
}
