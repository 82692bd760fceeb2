// What a model architecture provides. One file for each in architectures/; registry.ts lists them.
import type { Blueprint } from "./blueprint.js";
import type { ConfigReader } from "./hf-config.js";
import type { ModelConfig } from "./model-config.js";

export interface Architecture<Config extends ModelConfig = ModelConfig> {
  /** As in config.json's `architectures`. */
  readonly name: string;
  /** Other names under which the same fields and tensors mean the same model. */
  readonly aliases?: readonly string[];
  /** What names of the blueprint's tensors begin with that files saved without the head leave out, such as "model.". Default "model.". */
  readonly basePrefix?: string;
  /** @throws CHECKPOINT or UNSUPPORTED that names the field */
  readConfig(reader: ConfigReader): Config;
  /** The weights and what is computed with them. */
  blueprint(config: Config): Blueprint;
}
