// What a Gemma 4 computes, see gemma4.ts.
import type { AttentionSpec, Blueprint, BranchedMlpSpec, LayerInputSpec, MlpSpec, NormSpec } from "../blueprint.js";
import { decoderBlueprint, expertsMlp, gatedMlp, rmsNorm } from "../hf-modules.js";
import { type LinearPartSpec, linearParameter, tensorParameter } from "../parameters.js";
import type { Gemma4Config, KvHeads } from "./gemma4-config.js";

export function gemma4Blueprint(config: Gemma4Config): Blueprint {
  const { hiddenSize, normEps, layerInputSize, logitSoftcap, rope, localRope } = config;
  const norm = (id: string) => rmsNorm(id, hiddenSize, normEps);
  const blueprint = decoderBlueprint(config, norm("model.norm"), (index, id) => ({
    kind: "sequential",
    inputNorm: norm(`${id}.input_layernorm`),
    attention: attention(`${id}.self_attn`, index, config),
    attentionOutputNorm: norm(`${id}.post_attention_layernorm`),
    ...feedForward(id, index, config),
    mlpOutputNorm: norm(`${id}.post_feedforward_layernorm`),
    input: layerInputSize > 0 ? layerInput(id, config) : undefined,
    streamScale: { kind: "tensor", id: `${id}.layer_scalar`, name: `${id}.layer_scalar`, shape: [1], dtype: "float32" },
  }));
  return {
    ...blueprint,
    embedding: { ...blueprint.embedding, scale: Math.sqrt(hiddenSize) },
    layerInputs: layerInputSize > 0 ? layerInputs(config) : undefined,
    head: { ...blueprint.head, softcap: logitSoftcap ?? undefined },
    ropes: [rope, localRope],
  };
}

function attention(id: string, index: number, config: Gemma4Config): AttentionSpec {
  const { hiddenSize, numHeads, normEps, windows, fullHeads, localHeads, keysAreValues } = config;
  const isFull = windows[index] === null;
  const own = isFull ? fullHeads : localHeads;
  const { headDim } = own;
  const cachedIn = config.cachedIn[index] === index ? undefined : config.cachedIn[index];
  const norm = (name: string) => rmsNorm(`${id}.${name}`, headDim, normEps);
  const valueNorm: NormSpec = {
    kind: "rms",
    weight: { kind: "tensor", id: `${id}.v_norm`, name: `${id}.v_norm`, shape: [headDim], value: 1 },
    eps: normEps,
  };
  const width = config.numKvHeads * config.headDim;
  const cached = (name: string) => repeatedHeads(`${id}.${name}`, hiddenSize, own, width);
  const keysAndValues = () => [...cached("k_proj"), ...cached(isFull && keysAreValues ? "k_proj" : "v_proj")];
  const queries = linearParameter("", hiddenSize, [[`${id}.q_proj`, numHeads * headDim]]).parts;
  return {
    numHeads,
    numKvHeads: width / headDim,
    headDim,
    qkv: {
      kind: "linear",
      id: `${id}.qkv_proj`,
      inFeatures: hiddenSize,
      parts: [...queries, ...(cachedIn === undefined ? keysAndValues() : [])],
    },
    output: linearParameter(`${id}.o_proj`, numHeads * headDim, [[`${id}.o_proj`, hiddenSize]]),
    queryNorm: norm("q_norm"),
    ...(cachedIn === undefined ? { keyNorm: norm("k_norm"), valueNorm } : { cachedIn }),
    rope: isFull ? 0 : 1,
    scale: 1,
    window: windows[index] ?? undefined,
  };
}

/** Every head as often as fills the cache's `width`: so a block of the cache is as large for every layer. */
function repeatedHeads(name: string, inFeatures: number, { numKvHeads, headDim }: KvHeads, width: number) {
  const count = numKvHeads * headDim;
  if (count === width) return linearParameter("", inFeatures, [[name, width]]).parts;
  return Array.from({ length: width / headDim }, (_, copy): LinearPartSpec => {
    const first = Math.floor((copy * count) / width) * headDim;
    return { name, inFeatures, outFeatures: headDim, bias: false, slice: { first, count } };
  });
}

function feedForward(
  id: string,
  index: number,
  config: Gemma4Config,
): { readonly mlpNorm?: NormSpec; readonly mlp: MlpSpec } {
  const { normEps, cachedIn, widensSharing } = config;
  const norm = (name: string) => rmsNorm(`${id}.${name}`, config.hiddenSize, normEps);
  const intermediateSize = config.intermediateSize * (widensSharing && cachedIn[index] !== index ? 2 : 1);
  const dense = gatedMlp(`${id}.mlp`, { ...config, intermediateSize });
  const inputNorm = norm("pre_feedforward_layernorm");
  if (config.experts === null) return { mlpNorm: inputNorm, mlp: dense };
  const branches: BranchedMlpSpec["branches"] = [
    { inputNorm, mlp: dense, outputNorm: norm("post_feedforward_layernorm_1") },
    { mlp: experts(id, config, config.experts), outputNorm: norm("post_feedforward_layernorm_2") },
  ];
  return { mlp: { kind: "branched", branches } };
}

function experts(
  id: string,
  { hiddenSize, normEps, activation }: Gemma4Config,
  { count, chosen, size }: NonNullable<Gemma4Config["experts"]>,
) {
  const router = linearParameter(`${id}.router.proj`, hiddenSize, [[`${id}.router.proj`, count]]);
  const expert = (index: number) => {
    const linear = (name: string, from: number, to: number) =>
      linearParameter(`${id}.experts.${index}.${name}`, from, [[`${id}.experts.${name}`, to]], {
        stack: { index, count },
      });
    const gateUp = linear("gate_up_proj", hiddenSize, 2 * size);
    return { kind: "gated", activation, gateUp, down: linear("down_proj", size, hiddenSize) } as const;
  };
  const scales = `${id}.router.per_expert_scale`;
  const routed = expertsMlp(router, count, expert, {
    numExpertsPerToken: chosen,
    scoring: "softmax",
    renormalize: true,
  });
  return {
    ...routed,
    routerNorm: {
      kind: "rms",
      weight: { kind: "tensor", id: `${id}.router.scale`, name: `${id}.router.scale`, shape: [hiddenSize] },
      eps: normEps,
    },
    inputNorm: rmsNorm(`${id}.pre_feedforward_layernorm_2`, hiddenSize, normEps),
    scoreScale: hiddenSize ** -0.5,
    expertScales: { kind: "tensor", id: scales, name: scales, shape: [count], dtype: "float32" },
  } as const;
}

function layerInput(
  id: string,
  { hiddenSize, normEps, layerInputSize: size, activation }: Gemma4Config,
): LayerInputSpec {
  const linear = (name: string, from: number, to: number) =>
    linearParameter(`${id}.${name}`, from, [[`${id}.${name}`, to]]);
  return {
    activation,
    gate: linear("per_layer_input_gate", hiddenSize, size),
    output: linear("per_layer_projection", size, hiddenSize),
    norm: rmsNorm(`${id}.post_per_layer_input_norm`, hiddenSize, normEps),
  };
}

function layerInputs({
  hiddenSize,
  numLayers,
  normEps,
  layerInputSize: size,
  layerInputVocabSize,
}: Gemma4Config): Blueprint["layerInputs"] {
  const project = "model.per_layer_model_projection";
  return {
    size,
    table: tensorParameter("model.embed_tokens_per_layer", [layerInputVocabSize, numLayers * size]),
    tableScale: Math.sqrt(size),
    project: linearParameter(project, hiddenSize, [[project, numLayers * size]]),
    projectScale: hiddenSize ** -0.5,
    norm: rmsNorm("model.per_layer_projection_norm", size, normEps),
    scale: Math.SQRT1_2,
  };
}
