// A mixture of experts: a router picks a few gated MLPs for each token, whose outputs are added by its weights.
import {
  type ExpertWeights,
  type FloatDType,
  type LinearWeight,
  type Routing,
  type RoutingOptions,
  type Tensor,
  workspaceBytes,
} from "@octavo/core";
import type { ExpertsMlpSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";
import { GatedMlp } from "./gated-mlp.js";

export class ExpertsMlp {
  readonly #spec: ExpertsMlpSpec;
  readonly #router: LinearWeight;
  readonly #gateUp: ExpertWeights;
  readonly #down: ExpertWeights;
  readonly #shared: GatedMlp | undefined;
  readonly #routing: RoutingOptions;

  static parameters({ router, choiceBias, gateUp, down, shared }: ExpertsMlpSpec): ParameterSpec[] {
    return [router, ...(choiceBias ? [choiceBias] : []), gateUp, down, ...(shared ? GatedMlp.parameters(shared) : [])];
  }

  static workspaceBytes(spec: ExpertsMlpSpec, dtype: FloatDType, tokens: number): number {
    const { router, numExpertsPerToken: chosen, gateUp, down, shared } = spec;
    const rows = tokens * chosen;
    const [numExperts, inner, hidden] = [outFeatures(router), down.inFeatures, gateUp.inFeatures];
    const routing = workspaceBytes("int32", [rows]) + workspaceBytes("float32", [rows]);
    const experts =
      workspaceBytes("float32", [tokens, numExperts]) +
      workspaceBytes(dtype, [rows, 2 * inner]) +
      workspaceBytes(dtype, [rows, inner]) +
      workspaceBytes(dtype, [rows, hidden]);
    const both = shared ? workspaceBytes(dtype, [tokens, hidden]) + GatedMlp.workspaceBytes(shared, dtype, tokens) : 0;
    return Math.max(routing + experts, both);
  }

  constructor(spec: ExpertsMlpSpec, parameters: Parameters) {
    const { scoring, renormalize, scale, choiceBias, groups, shared } = spec;
    this.#spec = spec;
    this.#router = parameters.linear(spec.router.id);
    this.#gateUp = parameters.experts(spec.gateUp.id);
    this.#down = parameters.experts(spec.down.id);
    this.#shared = shared && new GatedMlp(shared, parameters);
    this.#routing = {
      scoring,
      renormalize,
      scale,
      bias: choiceBias && parameters.tensor(choiceBias.id),
      groups: groups?.count,
      topGroups: groups?.chosen,
    };
  }

  forward(context: ForwardContext, out: Tensor, x: Tensor): void {
    const { ops, workspace } = context;
    const { numExpertsPerToken, activation } = this.#spec;
    const tokens = x.shape[0]!;
    const rows = tokens * numExpertsPerToken;
    const mark = workspace.mark();
    const routing: Routing = {
      experts: workspace.alloc("int32", [tokens, numExpertsPerToken]),
      weights: workspace.alloc("float32", [tokens, numExpertsPerToken]),
    };
    const scores = workspace.alloc("float32", [tokens, this.#router.outFeatures]);
    ops.linear(scores, x, this.#router);
    ops.routeExperts(routing, scores, this.#routing);
    const gateUp = workspace.alloc(x.dtype, [rows, this.#gateUp.outFeatures]);
    ops.expertLinear(gateUp, x, this.#gateUp, routing);
    const activated = workspace.alloc(x.dtype, [rows, this.#down.inFeatures]);
    ops.gatedActivation(activated, gateUp, activation);
    const outputs = workspace.alloc(x.dtype, [rows, this.#down.outFeatures]);
    ops.expertLinear(outputs, activated, this.#down, routing);
    ops.combineExperts(out, outputs, routing);
    workspace.release(mark);
    if (this.#shared === undefined) return;
    const shared = workspace.alloc(x.dtype, x.shape);
    this.#shared.forward(context, shared, x);
    ops.add(out, shared);
    workspace.release(mark);
  }
}

function outFeatures({ parts }: ExpertsMlpSpec["router"]): number {
  return parts.reduce((sum, part) => sum + part.outFeatures, 0);
}
