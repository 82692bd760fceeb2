// What a model architecture provides. One file for each in architectures/; registry.ts lists them.
import type { Blueprint, EncoderBlueprint } from "./blueprint.js";
import type { ConfigReader } from "./hf-config.js";
import type { ModelConfig } from "./model-config.js";

/** What a decoder-only architecture and an encoder have alike. */
interface Common<Config extends ModelConfig> {
  /** As in config.json's `architectures`. */
  readonly name: string;
  /** Other names under which the same fields and tensors mean the same model. */
  readonly aliases?: readonly string[];
  /** What names of the blueprint's tensors begin with that files saved without the head leave out, such as "model.". Default "model.". */
  readonly basePrefix?: string;
  /** @throws CHECKPOINT or UNSUPPORTED that names the field */
  readConfig(reader: ConfigReader): Config;
}

/** A decoder-only architecture. */
export interface Architecture<Config extends ModelConfig = ModelConfig> extends Common<Config> {
  readonly kind?: "decoder";
  /** Whether its config says how wide windows are where tokens see those behind them, too. Default false. */
  readonly hasBidirectionalWindows?: boolean;
  /** Whether a tensor of checkpoints belongs to what is not computed, such as layers that draft. They are passed over in silence. */
  isUnread?(name: string, config: Config): boolean;
  /** The weights and what is computed with them. */
  blueprint(config: Config): Blueprint;
}

/** An architecture that sees whole prompts, and generates nothing. */
export interface EncoderArchitecture<Config extends ModelConfig = ModelConfig> extends Common<Config> {
  readonly kind: "encoder";
  /** The same of what comes behind the hidden states: poolers, heads. */
  isUnread(name: string): boolean;
  /** The weights and what is computed with them. */
  blueprint(config: Config): EncoderBlueprint;
}

export type AnyArchitecture = Architecture | EncoderArchitecture;
