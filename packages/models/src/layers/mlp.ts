// The feed-forward part of a layer: gated, plain, a mixture of experts, or several of them.
import type { FloatDType, Tensor } from "@octavo/core";
import type { MlpSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";
import { BranchedMlp } from "./branched-mlp.js";
import { ExpertsMlp } from "./experts-mlp.js";
import { GatedMlp } from "./gated-mlp.js";
import { PlainMlp } from "./plain-mlp.js";

export interface Mlp {
  /** out, x: [T, hidden] */
  forward(context: ForwardContext, out: Tensor, x: Tensor): void;
}

export function mlpParameters(spec: MlpSpec): ParameterSpec[] {
  switch (spec.kind) {
    case "gated":
      return GatedMlp.parameters(spec);
    case "plain":
      return PlainMlp.parameters(spec);
    case "experts":
      return ExpertsMlp.parameters(spec);
    case "branched":
      return BranchedMlp.parameters(spec);
  }
}

/** Scratch that `forward` takes for `tokens` tokens. */
export function mlpWorkspaceBytes(spec: MlpSpec, dtype: FloatDType, tokens: number): number {
  switch (spec.kind) {
    case "gated":
      return GatedMlp.workspaceBytes(spec, dtype, tokens);
    case "plain":
      return PlainMlp.workspaceBytes(spec, dtype, tokens);
    case "experts":
      return ExpertsMlp.workspaceBytes(spec, dtype, tokens);
    case "branched":
      return BranchedMlp.workspaceBytes(spec, dtype, tokens);
  }
}

export function createMlp(spec: MlpSpec, parameters: Parameters): Mlp {
  switch (spec.kind) {
    case "gated":
      return new GatedMlp(spec, parameters);
    case "plain":
      return new PlainMlp(spec, parameters);
    case "experts":
      return new ExpertsMlp(spec, parameters);
    case "branched":
      return new BranchedMlp(spec, parameters);
  }
}
