// What vectors go through behind the pooling (EmbeddingGemma, distiluse): small linear layers, in float32.
import { type Backend, type LinearWeight, type Ops, type Tensor, type Workspace, workspaceBytes } from "@octavo/core";
import { unquantized } from "@octavo/quant";
import { Checkpoint } from "./checkpoint.js";
import type { ProjectionConfig } from "./projection-config.js";

/** sentence-transformers' name of the layer in its file. */
const NAME = "linear";

export class Projections implements Disposable {
  readonly #configs: readonly ProjectionConfig[];
  readonly #weights: LinearWeight[] = [];
  readonly #files: Checkpoint[] = [];

  /** @throws CHECKPOINT that names the file or tensor */
  constructor(configs: readonly ProjectionConfig[], backend: Backend) {
    this.#configs = configs;
    try {
      for (const { folder, inFeatures, outFeatures, bias } of configs) {
        const file = Checkpoint.open(folder, (path) => backend.mapFile(path));
        this.#files.push(file);
        const part = unquantized.decode({ name: NAME, inFeatures, outFeatures, bias }, file);
        this.#weights.push(backend.prepareLinear({ inFeatures, parts: [part], dtype: "float32" }));
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Scratch of {@link forward} for so many vectors. */
  workspaceBytes(rows: number): number {
    return this.#configs.reduce((sum, { outFeatures }) => sum + workspaceBytes("float32", [rows, outFeatures]), 0);
  }

  /** @param pooled [rows, size of the first] @returns float32 [rows, size of the last], in the workspace; `pooled` where there are none */
  forward(ops: Ops, workspace: Workspace, pooled: Tensor): Tensor {
    let vectors = pooled;
    for (const [i, { outFeatures, activation }] of this.#configs.entries()) {
      const out = workspace.alloc("float32", [pooled.shape[0]!, outFeatures]);
      ops.linear(out, vectors, this.#weights[i]!);
      if (activation === "tanh") ops.softcap(out, 1);
      vectors = out;
    }
    return vectors;
  }

  dispose(): void {
    for (const weight of this.#weights.splice(0)) weight.dispose();
    for (const file of this.#files.splice(0)) file.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
