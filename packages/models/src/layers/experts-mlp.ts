// A mixture of experts: a router picks a few gated MLPs for each token, whose outputs are added by its weights.
import {
  type ExpertWeights,
  type FloatDType,
  type LinearWeight,
  type Routing,
  type RoutingOptions,
  reshape,
  type Tensor,
  workspaceBytes,
} from "@octavo/core";
import type { ExpertsMlpSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";
import { GatedMlp } from "./gated-mlp.js";
import { Norm } from "./norm.js";

const SIGMOID: RoutingOptions = { scoring: "sigmoid", renormalize: false };

export class ExpertsMlp {
  readonly #spec: ExpertsMlpSpec;
  readonly #router: LinearWeight;
  readonly #gateUp: ExpertWeights;
  readonly #down: ExpertWeights;
  readonly #shared: GatedMlp | undefined;
  readonly #sharedGate: LinearWeight | undefined;
  readonly #routing: RoutingOptions;
  readonly #routerNorm: Norm | undefined;
  readonly #inputNorm: Norm | undefined;
  readonly #expertScales: Tensor | undefined;

  static parameters(spec: ExpertsMlpSpec): ParameterSpec[] {
    const { routerNorm, inputNorm, router, choiceBias, expertScales, gateUp, down, shared, sharedGate } = spec;
    return [
      ...Norm.parameters(routerNorm),
      ...Norm.parameters(inputNorm),
      router,
      ...(choiceBias ? [choiceBias] : []),
      ...(expertScales ? [expertScales] : []),
      gateUp,
      down,
      ...(shared ? GatedMlp.parameters(shared) : []),
      ...(sharedGate ? [sharedGate] : []),
    ];
  }

  static workspaceBytes(spec: ExpertsMlpSpec, dtype: FloatDType, tokens: number): number {
    const { router, numExpertsPerToken: chosen, gateUp, down, shared, sharedGate, routerNorm, inputNorm } = spec;
    const rows = tokens * chosen;
    const [numExperts, inner, hidden] = [outFeatures(router), down.inFeatures, gateUp.inFeatures];
    const norms = [routerNorm, inputNorm].filter((norm) => norm !== undefined).length;
    const routing =
      workspaceBytes("int32", [rows]) +
      (spec.expertScales ? 3 : 1) * workspaceBytes("float32", [rows]) +
      norms * workspaceBytes(dtype, [tokens, hidden]);
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
    this.#routerNorm = Norm.optional(spec.routerNorm, parameters);
    this.#inputNorm = Norm.optional(spec.inputNorm, parameters);
    this.#expertScales =
      spec.expertScales && reshape(parameters.tensor(spec.expertScales.id), [spec.expertScales.shape[0]!, 1]);
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
    const { activation } = this.#spec;
    const mark = workspace.mark();
    const routing = this.#route(context, normed(context, x, this.#routerNorm));
    const rows = x.shape[0]! * this.#spec.numExpertsPerToken;
    const gateUp = workspace.alloc(x.dtype, [rows, this.#gateUp.outFeatures]);
    ops.expertLinear(gateUp, normed(context, x, this.#inputNorm), this.#gateUp, routing);
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

  /** Which experts each token of x goes through, in the workspace. */
  #route({ ops, workspace }: ForwardContext, x: Tensor): Routing {
    const { numExpertsPerToken: chosen, scoreScale = 1 } = this.#spec;
    const tokens = x.shape[0]!;
    const routing: Routing = {
      experts: workspace.alloc("int32", [tokens, chosen]),
      weights: workspace.alloc("float32", [tokens, chosen]),
    };
    const scores = workspace.alloc("float32", [tokens, this.#router.outFeatures]);
    ops.linear(scores, x, this.#router);
    if (scoreScale !== 1) ops.scale(scores, scoreScale);
    ops.routeExperts(routing, scores, this.#routing);
    if (this.#expertScales === undefined) return routing;
    const scales = workspace.alloc("float32", [tokens * chosen, 1]);
    ops.gatherRows(scales, this.#expertScales, routing.experts);
    const scaled = workspace.alloc("float32", [tokens * chosen, 1]);
    const each = { experts: reshape(routing.experts, [tokens * chosen, 1]), weights: scales };
    ops.combineExperts(scaled, reshape(routing.weights, [tokens * chosen, 1]), each);
    return { experts: routing.experts, weights: reshape(scaled, [tokens, chosen]) };
  }
}

/** @returns the norm of x in the workspace, or x */
function normed({ ops, workspace }: ForwardContext, x: Tensor, norm: Norm | undefined): Tensor {
  if (norm === undefined) return x;
  const out = workspace.alloc(x.dtype, x.shape);
  norm.forward(ops, out, x);
  return out;
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
