// A Dense module of sentence-transformers: a linear layer that vectors go through behind the pooling. The file is untrusted.
import { join } from "node:path";
import { ConfigReader } from "./hf-config.js";

export interface ProjectionConfig {
  /** The module's own, with its weights. */
  readonly folder: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly bias: boolean;
  readonly activation: "identity" | "tanh";
}

/** PyTorch's classes; the first is what sentence-transformers takes where the file does not say. */
const ACTIVATIONS: ReadonlyMap<string, ProjectionConfig["activation"]> = new Map([
  ["torch.nn.modules.activation.Tanh", "tanh"],
  ["torch.nn.modules.linear.Identity", "identity"],
]);
const VECTOR = "sentence_embedding";
/** A bound on untrusted sizes. */
const MAX_WIDTH = 2 ** 16;

/** @throws CHECKPOINT or UNSUPPORTED that names file and field */
export function readProjection(folder: string): ProjectionConfig {
  const reader = ConfigReader.open(join(folder, "config.json"));
  const [usual] = ACTIVATIONS.keys();
  const activation = ACTIVATIONS.get(reader.string("activation_function", usual));
  for (const name of ["module_input_name", "module_output_name"]) {
    if (reader.string(name, VECTOR) !== VECTOR) reader.unsupported(name, [VECTOR]);
  }
  if (reader.boolean("use_residual", false)) reader.unsupported("use_residual", ["false"]);
  return {
    folder,
    inFeatures: reader.size("in_features", { max: MAX_WIDTH }),
    outFeatures: reader.size("out_features", { max: MAX_WIDTH }),
    bias: reader.boolean("bias", true),
    activation: activation ?? reader.unsupported("activation_function", [...ACTIVATIONS.keys()]),
  };
}
