// Pieces of an encoder's blueprint: what BERT and the models that are named after it have alike (Devlin et al. 2018).
import type { EncoderBlueprint, SequentialLayer } from "./blueprint.js";
import type { ConfigReader } from "./hf-config.js";
import { layerNorm, plainMlp } from "./hf-modules.js";
import { type ModelConfig, readPlainConfig } from "./model-config.js";
import { linearParameter, tensorParameter } from "./parameters.js";

/** Of checkpoints for masked tokens, classes and answers: what comes behind the hidden states. */
export function isOfTask(name: string): boolean {
  return /^((\w+\.)?pooler|cls|lm_head|head|decoder|classifier|pre_classifier|vocab_\w+|qa_outputs|predictions|generator_\w+|discriminator_\w+|sop_classifier)\./.test(
    name,
  );
}

export interface BertConfig extends ModelConfig {
  /** Rows of the table of token types; 0: there is none. */
  readonly numTokenTypes: number;
}

/** What a config means where it leaves fields out. */
export interface BertDefaults {
  readonly normEps?: number;
  readonly numTokenTypes: number;
  /** The first row of the position table that stands for a position; those before it are never read. Default 0. */
  readonly positionOffset?: number;
  /** What `position_embedding_type` may be. Default "absolute": learned. */
  readonly positions?: "absolute" | "rope";
}

/** The fields under BERT's names; `hidden_act` is the activation. */
export function readBertConfig(reader: ConfigReader, name: string, defaults: BertDefaults): BertConfig {
  const { normEps = 1e-12, positionOffset = 0, numTokenTypes, positions = "absolute" } = defaults;
  if (reader.string("position_embedding_type", positions) !== positions) {
    reader.unsupported("position_embedding_type", [positions]);
  }
  if (reader.boolean("is_decoder", false)) reader.unsupported("is_decoder", ["false"]);
  const fields = reader.renamed({ rms_norm_eps: "layer_norm_eps" });
  const config = readPlainConfig(fields, name, { normEps, maxPositions: 512, activation: "gelu" });
  const rows = config.maxPositions;
  if (rows <= positionOffset) reader.fail("max_position_embeddings", `more than ${positionOffset}`);
  return {
    ...config,
    maxPositions: rows - positionOffset,
    numTokenTypes: reader.integer("type_vocab_size", { fallback: numTokenTypes, min: 0, max: 2 ** 12 }),
  };
}

/** What the modules of a layer are called, behind the layer's own name. */
export interface BertLayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

const BERT_LAYER: BertLayerNames = {
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  output: "attention.output.dense",
  attentionNorm: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  outputNorm: "output.LayerNorm",
};

export interface BertNames {
  /** What the names of all tensors begin with, such as "bert". */
  readonly base: string;
  /** Default "encoder.layer". */
  readonly layers?: string;
  /** Default: BERT's own. */
  readonly layer?: BertLayerNames;
  /** Where embeddings are narrower than layers, what widens them behind their norm. */
  readonly project?: { readonly name: string; readonly width: number };
}

/** Learned positions and token types, norms behind attention and MLP, biases everywhere. */
export function bertBlueprint(
  config: BertConfig,
  { base, layers = "encoder.layer", layer = BERT_LAYER, project }: BertNames,
  positionOffset = 0,
): EncoderBlueprint {
  const { vocabSize, hiddenSize, maxPositions, numLayers, numTokenTypes, normEps } = config;
  const width = project?.width ?? hiddenSize;
  const table = (name: string, rows: number) => tensorParameter(`${base}.embeddings.${name}`, [rows, width]);
  const widened = project && `${base}.${project.name}`;
  return {
    embedding: {
      table: table("word_embeddings", vocabSize),
      ...(widened && {
        project: linearParameter(widened, width, [[widened, hiddenSize]], { bias: true }),
        projectsLast: true,
      }),
      positions: { table: table("position_embeddings", maxPositions + positionOffset), offset: positionOffset },
      ...(numTokenTypes > 0 && { tokenTypes: table("token_type_embeddings", numTokenTypes) }),
      norm: layerNorm(`${base}.embeddings.LayerNorm`, width, normEps),
    },
    layers: Array.from({ length: numLayers }, (_, index) => bertLayer(config, `${base}.${layers}.${index}`, layer)),
    ropes: [],
  };
}

/** @param id what the names of its tensors begin with */
export function bertLayer(config: BertConfig, id: string, names: BertLayerNames): SequentialLayer {
  const { hiddenSize, numHeads, headDim, normEps } = config;
  const width = numHeads * headDim;
  const norm = (name: string) => layerNorm(`${id}.${name}`, hiddenSize, normEps);
  const inputs = [names.query, names.key, names.value].map((name) => [`${id}.${name}`, width] as const);
  return {
    kind: "sequential",
    attention: {
      isBidirectional: true,
      numHeads,
      numKvHeads: numHeads,
      headDim,
      qkv: linearParameter(`${id}.attention.qkv`, hiddenSize, inputs, { bias: true }),
      output: linearParameter(`${id}.attention.output`, width, [[`${id}.${names.output}`, hiddenSize]], { bias: true }),
      scale: headDim ** -0.5,
    },
    attentionStreamNorm: norm(names.attentionNorm),
    mlp: plainMlp(`${id}.${names.up}`, `${id}.${names.down}`, config),
    mlpStreamNorm: norm(names.outputNorm),
  };
}
