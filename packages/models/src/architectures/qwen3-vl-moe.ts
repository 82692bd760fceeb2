// Qwen3VLMoeForConditionalGeneration, its text: Qwen3 with experts, which lie in one tensor a layer, as [in, out] (Qwen Team 2025).
import type { Architecture } from "../architecture.js";
import type { ExpertsMlpSpec, LayerSpec } from "../blueprint.js";
import { type ExpertsParameter, expertsParameter } from "../parameters.js";
import { type Qwen3MoeConfig, qwen3Moe } from "./qwen3-moe.js";

const NAME = "Qwen3VLMoeForConditionalGeneration";

export const qwen3VlMoe: Architecture<Qwen3MoeConfig> = {
  name: NAME,
  readConfig: (reader) => ({
    ...qwen3Moe.readConfig(reader),
    architecture: NAME,
    renormalizes: reader.boolean("norm_topk_prob", true),
  }),
  blueprint(config) {
    const { layers, ...rest } = qwen3Moe.blueprint(config);
    return { ...rest, layers: layers.map((layer, index) => withStackedExperts(layer, index)) };
  },
};

function withStackedExperts(layer: LayerSpec, index: number): LayerSpec {
  if (layer.mlp.kind !== "experts") return layer;
  const { gateUp, down } = layer.mlp;
  const id = `model.layers.${index}.mlp.experts`;
  const mlp: ExpertsMlpSpec = {
    ...layer.mlp,
    gateUp: stacked(`${id}.gate_up_proj`, gateUp),
    down: stacked(`${id}.down_proj`, down),
  };
  return { ...layer, mlp };
}

/** The same layers out of one tensor. */
function stacked(name: string, { id, inFeatures, experts }: ExpertsParameter): ExpertsParameter {
  const count = experts.length;
  return expertsParameter(
    id,
    inFeatures,
    experts.map((expert, index) => {
      const outFeatures = expert.parts.reduce((sum, part) => sum + part.outFeatures, 0);
      const part = { name, inFeatures, outFeatures, bias: false, transposed: true, stack: { index, count } };
      return { ...expert, parts: [part] };
    }),
  );
}
