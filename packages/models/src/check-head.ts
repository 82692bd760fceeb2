// Base models without their heads (LlamaModel) make embeddings: that generating needs a head is said in these words.
import { OctavoError } from "@octavo/core";
import type { QuantScheme } from "@octavo/quant";
import type { Blueprint } from "./blueprint.js";
import { LmHead } from "./layers/lm-head.js";
import type { ModelSource, WeightFiles } from "./model-source.js";
import { checkpointTensors } from "./parameters.js";

type Headers = Pick<WeightFiles, "summaries" | "isArranged">;

/** @throws CHECKPOINT that names the tensor where all of the weights of a decoder's head are missing */
export function checkHead({ head }: Blueprint, weights: Headers, scheme: QuantScheme, source: ModelSource): void {
  const names = new Set(Array.from(weights.summaries(), ({ name }) => name));
  const needed = checkpointTensors(LmHead.parameters(head), scheme, weights).map(({ name }) => name);
  const [name] = needed;
  if (name === undefined || needed.some((own) => names.has(own))) return;
  throw new OctavoError({
    code: "CHECKPOINT",
    message:
      `tensor ${name} is missing from ${source.path}: without its head the model makes embeddings (runner "pooling") and ` +
      'generates nothing. If the head is the embedding table, set "tie_word_embeddings": true in config.json; else take the whole model.',
    param: name,
  });
}
