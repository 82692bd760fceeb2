// What a GGUF architecture says, as data: which config.json it stands for, and what its tensors are called there. llama.cpp's converter
// (the `conversion` folder of its repository) writes the files; what it bakes in, its src/models/*.cpp compute.
import type { GgufFacts } from "./gguf-facts.js";

/** The layers of a checkpoint that the rows of a tensor belong to, for example q, k and v: as many rows each as heads take. */
export type QkvModules = readonly [queries: string, keys: string, values: string];

/** Checkpoint modules by GGUF's names; a tensor's ending (".weight", ".bias") stays. */
export interface GgufTensorNames {
  /** What names of layers begin with, before the layer's number. Default "model.layers". */
  readonly layers?: string;
  /** Modules that come once. */
  readonly once: Readonly<Record<string, string>>;
  /**
   * Modules of a layer, without `blk.<number>.` and `<layers>.<number>.`. A "#" stands for the index into the tensor's first dimension: one
   * tensor of the checkpoint each. Tensors with the same module follow one another in it, row by row, in the order they have here.
   */
  readonly layer: Readonly<Record<string, string | QkvModules>>;
  /** Checkpoint names that have no ending there (gpt-oss's sinks), without the layers' beginning. */
  readonly bare?: readonly string[];
}

/** One architecture of GGUF. */
export interface GgufDialect {
  /** The architecture of config.json that computes it. */
  readonly architecture: string | ((file: GgufFacts) => string);
  /** Whether norms are root mean square or layer norms: which key has their epsilon. */
  readonly norm: "rms" | "layer";
  /** GGUF's keys behind `<architecture>.` by config.json's fields, beyond those of every architecture. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Fields that are true where the file has one of these tensors. */
  readonly switches?: Readonly<Record<string, readonly string[]>>;
  /** Keys that only {@link values} reads. */
  readonly keys?: readonly string[];
  /** Values of keys that change nothing, where they are others than usual. */
  readonly neutral?: Readonly<Record<string, readonly unknown[]>>;
  /** Fields that no key has: what the converter bakes in, or what follows from others. */
  readonly values?: (file: GgufFacts) => Readonly<Record<string, unknown>>;
  /** Fields of `rope_scaling`, where it has some. */
  readonly ropeScaling?: Readonly<Record<string, unknown>> | ((file: GgufFacts) => Readonly<Record<string, unknown>>);
  /** Set where what is cached is a latent: then {@link values} has the widths of heads, and the usual keys have others. Default false. */
  readonly hasLatents?: boolean;
  readonly tensors: GgufTensorNames | ((file: GgufFacts) => GgufTensorNames);
  /**
   * Set where rows of q and k lie so that dimensions that turn together are neighbours: over whole heads, as the converter reorders
   * them, or over their rotating part, as the checkpoint has them. Default: they lie in halves.
   */
  readonly pairs?: "head" | "rotary";
  /** Whether the weights of norms have 1 added. Default false. */
  readonly shiftsNorms?: boolean;
}
