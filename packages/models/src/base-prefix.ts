// Checkpoints of a model without its head leave out what names of the others begin with ("model.", "transformer."), as the first
// releases of GPT-2 and Bloom do; those of a model that also sees images have more in front of it. BERT's oldest name norms otherwise.
import type { Tensor } from "@octavo/core";
import type { WeightFiles } from "./model-source.js";
import type { TensorSummary } from "./tensor-summary.js";

/** In front of the text model's names in checkpoints of models that also see images: transformers 5, 4, and either's base models; of those that also speak. */
const TEXT_PARTS = [
  ["model.language_model.", "model."],
  ["model.text_model.", "model."],
  ["language_model.model.", "model."],
  ["language_model.lm_head.", "lm_head."],
  ["language_model.", "model."],
  ["thinker.model.", "model."],
  ["thinker.lm_head.", "lm_head."],
] as const;

/**
 * The weights under the names that a blueprint has.
 * @param wanted those names
 * @param prefix what some checkpoints leave out of them
 */
export function withBlueprintNames(files: WeightFiles, wanted: ReadonlySet<string>, prefix: string): WeightFiles {
  const own = new Map<string, string>();
  for (const name of files.names) own.set(blueprintName(name, wanted, prefix), name);
  return [...own].every(([name, found]) => name === found) ? files : new RenamedWeights(files, own);
}

/** What BERT's first checkpoints, converted from TensorFlow, call the weight and the bias of a norm. */
const NORM_PARTS = [
  [/\.gamma$/, ".weight"],
  [/\.beta$/, ".bias"],
] as const;

function blueprintName(name: string, wanted: ReadonlySet<string>, prefix: string): string {
  if (wanted.has(name)) return name;
  if (wanted.has(prefix + name)) return prefix + name;
  for (const [old, part] of NORM_PARTS) {
    const found = old.test(name) ? blueprintName(name.replace(old, part), wanted, prefix) : name;
    if (wanted.has(found)) return found;
  }
  for (const [outer, inner] of TEXT_PARTS) {
    if (name.startsWith(outer)) return inner + name.slice(outer.length);
  }
  return name;
}

class RenamedWeights implements WeightFiles {
  readonly #files: WeightFiles;
  /** The files' names by the blueprint's. */
  readonly #own: ReadonlyMap<string, string>;

  constructor(files: WeightFiles, own: ReadonlyMap<string, string>) {
    this.#files = files;
    this.#own = own;
  }

  get names(): Iterable<string> {
    return this.#own.keys();
  }

  *summaries(): Iterable<TensorSummary> {
    const blueprint = new Map([...this.#own].map(([name, own]) => [own, name]));
    for (const summary of this.#files.summaries()) {
      yield { ...summary, name: blueprint.get(summary.name) ?? summary.name };
    }
  }

  get isArranged(): boolean {
    return this.#files.isArranged ?? false;
  }

  tensor(name: string): Tensor {
    return this.#files.tensor(this.#own.get(name) ?? name);
  }

  release(name: string): void {
    this.#files.release?.(this.#own.get(name) ?? name);
  }

  blockFormat(name: string) {
    return this.#files.blockFormat?.(this.#own.get(name) ?? name);
  }

  readBytes(name: string): Uint8Array {
    return this.#files.readBytes!(this.#own.get(name) ?? name);
  }

  origin(name: string): string {
    return this.#files.origin(this.#own.get(name) ?? name);
  }

  dispose(): void {
    this.#files.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
