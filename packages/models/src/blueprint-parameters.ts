// The weights that a blueprint names.
import type { Blueprint, EncoderBlueprint } from "./blueprint.js";
import { LayerStack } from "./layer-stack.js";
import { LmHead } from "./layers/lm-head.js";
import type { ParameterSpec } from "./parameters.js";

/** The weights of a model, in the order in which they are loaded; once, where layers have them in common (ALBERT). */
export function blueprintParameters(blueprint: Blueprint | EncoderBlueprint): ParameterSpec[] {
  const head = blueprint.head ? LmHead.parameters(blueprint.head) : [];
  const all = [...LayerStack.parameters(blueprint), ...head];
  return [...new Map(all.map((spec) => [spec.id, spec])).values()];
}
