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

const SIGMOID: RoutingOptions = { scoring: "sigmoid", renormalize: false };

export class ExpertsMlp {
  readonly #spec: ExpertsMlpSpec;
  readonly #router: LinearWeight;
  readonly #gateUp: ExpertWeights;
  readonly #down: ExpertWeights;
  readonly #shared: GatedMlp | undefined;
  readonly #sharedGate: LinearWeight | undefined;
  readonly #routing: RoutingOptions;

  static parameters({ router, choiceBias, gateUp, down, shared, sharedGate }: ExpertsMlpSpec): ParameterSpec[] {
    return [
      router,
      ...(choiceBias ? [choiceBias] : []),
      gateUp,
      down,
      ...(shared ? GatedMlp.parameters(shared) : []),
      ...(sharedGate ? [sharedGate] : []),
    ];
  }

  static workspaceBytes(spec: ExpertsMlpSpec, dtype: FloatDType, tokens: number): number {
    const { router, numExpertsPerToken: chosen, gateUp, down, shared, sharedGate } = spec;
    const rows = tokens * chosen;
    const [numExperts, inner, hidden] = [outFeatures(router), down.inFeatures, gateUp.inFeatures];
    const routing = workspaceBytes("int32", [rows]) + workspaceBytes("float32", [rows]);
    const experts =
      workspaceBytes("float32", [tokens, numExperts]) +
      workspaceBytes(dtype, [rows, 2 * inner]) +
      workspaceBytes(dtype, [rows, inner]) +
      workspaceBytes(dtype, [rows, hidden]);
    if (shared === undefined) return routing + experts;
    const output = workspaceBytes(dtype, [tokens, hidden]);
    const gate = 2 * workspaceBytes("float32", [tokens]) + workspaceBytes("int32", [tokens]) + output;
    const both = output + Math.max(GatedMlp.workspaceBytes(shared, dtype, tokens), sharedGate ? gate : 0);
    return Math.max(routing + experts, both);
  }

  constructor(spec: ExpertsMlpSpec, parameters: Parameters) {
    const { scoring, renormalize, scale, choiceBias, groups, shared, sharedGate } = spec;
    this.#spec = spec;
    this.#router = parameters.linear(spec.router.id);
    this.#gateUp = parameters.experts(spec.gateUp.id);
    this.#down = parameters.experts(spec.down.id);
    this.#shared = shared && new GatedMlp(shared, parameters);
    this.#sharedGate = sharedGate && parameters.linear(sharedGate.id);
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
    ops.add(out, this.#sharedGate === undefined ? shared : gated(context, shared, x, this.#sharedGate));
    workspace.release(mark);
  }
}

/** What is routed to a single expert by a sigmoid is multiplied by that. @returns [T, hidden] in the workspace */
function gated({ ops, workspace }: ForwardContext, shared: Tensor, x: Tensor, gate: LinearWeight): Tensor {
  const tokens = x.shape[0]!;
  const logits = workspace.alloc("float32", [tokens, 1]);
  ops.linear(logits, x, gate);
  const routing: Routing = {
    experts: workspace.alloc("int32", [tokens, 1]),
    weights: workspace.alloc("float32", [tokens, 1]),
  };
  ops.routeExperts(routing, logits, SIGMOID);
  const out = workspace.alloc(shared.dtype, shared.shape);
  ops.combineExperts(out, shared, routing);
  return out;
}

function outFeatures({ parts }: ExpertsMlpSpec["router"]): number {
  return parts.reduce((sum, part) => sum + part.outFeatures, 0);
}
