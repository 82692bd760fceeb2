// Attention of a layer: over keys and values of heads, or over latents.
import type { FloatDType, Tensor } from "@octavo/core";
import type { AttentionSpec, LatentAttentionSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelParts } from "../model-parts.js";
import type { ParameterSpec } from "../parameters.js";
import { LatentAttention } from "./latent-attention.js";
import { SelfAttention } from "./self-attention.js";

type Spec = AttentionSpec | LatentAttentionSpec;

export interface Attention {
  /** out, x: [T, hidden] */
  forward(context: ForwardContext, out: Tensor, x: Tensor): void;
}

export function attentionParameters(spec: Spec): ParameterSpec[] {
  return spec.kind === "latent" ? LatentAttention.parameters(spec) : SelfAttention.parameters(spec);
}

/** Scratch that `forward` takes for `tokens` tokens. */
export function attentionWorkspaceBytes(spec: Spec, dtype: FloatDType, tokens: number): number {
  return spec.kind === "latent"
    ? LatentAttention.workspaceBytes(spec, dtype, tokens)
    : SelfAttention.workspaceBytes(spec, dtype, tokens);
}

/** @param layer index into the KV cache, where there is one */
export function createAttention(spec: Spec, layer: number, parts: ModelParts): Attention {
  return spec.kind === "latent" ? new LatentAttention(spec, layer, parts) : new SelfAttention(spec, layer, parts);
}
