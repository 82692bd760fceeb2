// A backend that computes nothing: it measures Octavo's own time per step and lets the layers above run anywhere.
import type { Backend, BackendInfo } from "../backend.js";
import type { Batch } from "../batch.js";
import { COMPUTED_FORMATS } from "../blocks/format.js";
import { type DType, FLOAT_DTYPES } from "../dtype.js";
import { checkExperts, type ExpertWeights } from "../experts.js";
import { type LinearSpec, type LinearWeight, planesByteSize } from "../linear.js";
import type { LogprobsOutput, Ops } from "../ops.js";
import { byteSize, type Tensor, tensor } from "../tensor.js";
import { intsOf, store } from "./elements.js";
import { HostBackend } from "./host-backend.js";

export interface NullBackendOptions {
  /**
   * The token for table row `row` at sequence position `position`. Default: a hash of the position below `vocabSize`, so
   * that a request gets the same tokens wherever and whenever it runs.
   */
  readonly sampleToken?: (row: number, position: number) => number;
  /** Default 256. */
  readonly vocabSize?: number;
}

/**
 * A backend whose ops return at once; only `sample`, `logprobs` and `copy` do anything. Memory takes no space before its bytes are
 * read, so a KV cache of any size is free.
 */
export function createNullBackend(options: NullBackendOptions = {}): Backend {
  return new NullBackend(options);
}

class NullBackend extends HostBackend {
  readonly info: BackendInfo = {
    name: "null",
    description: "computes nothing",
    dtypes: FLOAT_DTYPES,
    blockFormats: COMPUTED_FORMATS,
    blockSize: 16,
    availableBytes: 64 * 2 ** 30,
    depth: 1,
  };
  readonly ops: Ops;

  constructor({ vocabSize = 256, sampleToken }: NullBackendOptions) {
    super("null");
    this.ops = nullOps(sampleToken ?? ((_row, position) => (Math.imul(position, 0x9e3779b1) >>> 8) % vocabSize));
  }

  upload(source: Tensor, dtype: DType): Tensor {
    if (source.dtype === dtype) return source;
    return tensor(dtype, source.shape, this.allocate(byteSize(dtype, source.shape), "weights"));
  }

  fillRandom(): void {}

  prepareLinear(spec: LinearSpec): LinearWeight {
    const { inFeatures, dtype, parts } = spec;
    const outFeatures = parts.reduce((sum, part) => sum + part.outFeatures, 0);
    const byteLength = parts.reduce((sum, part) => sum + planesByteSize(part.planes, dtype), 0);
    const storage = this.allocate(byteLength, "weights");
    const dispose = () => storage.dispose();
    return { inFeatures, outFeatures, dtype, byteLength, dispose, [Symbol.dispose]: dispose };
  }

  updateLinear(): void {}

  prepareExperts(weights: readonly LinearWeight[]): ExpertWeights {
    const { inFeatures, outFeatures, dtype } = checkExperts(weights);
    return { count: weights.length, inFeatures, outFeatures, dtype, dispose() {}, [Symbol.dispose]() {} };
  }
}

/** As if each picked token were certain: logprob 0, rank 1, and the first ids of the vocabulary with none. */
function certain(out: LogprobsOutput, _logits: Tensor, picked: Tensor): void {
  const [samples, columns] = out.tokens.shape as [number, number];
  const tokens = intsOf(out.tokens);
  for (let s = 0; s < samples; s++) {
    for (let column = 0; column < columns; column++) tokens[s * columns + column] = column - 1;
    tokens[s * columns] = intsOf(picked)[s]!;
    const row = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
    row[0] = 0;
    store(out.logprobs, s * columns, row);
    intsOf(out.ranks)[s] = 1;
  }
}

function nullOps(sampleToken: (row: number, position: number) => number): Ops {
  const nothing = () => {};
  return {
    prepareBatch: nothing,
    embedding: nothing,
    gatherRows: nothing,
    addEmbedding: nothing,
    rmsNorm: nothing,
    addRmsNorm: nothing,
    layerNorm: nothing,
    addLayerNorm: nothing,
    add: nothing,
    scale: nothing,
    clamp: nothing,
    softcap: nothing,
    xielu: nothing,
    rope: nothing,
    writeKv: nothing,
    pagedAttention: nothing,
    encoderAttention: nothing,
    linear: nothing,
    activate: nothing,
    gatedActivation: nothing,
    meanRows: nothing,
    routeExperts: nothing,
    expertLinear: nothing,
    headLinear: nothing,
    combineExperts: nothing,
    adjustLogits: nothing,
    filterLogits: nothing,
    sample(tokens: Tensor, _logits: Tensor, batch: Batch): void {
      const { layout } = batch;
      const plan = intsOf(batch.plan);
      const lastTokens = intsOf(batch.tables.lastTokens);
      const sampled = intsOf(tokens);
      for (let s = 0; s < batch.numSamples; s++) {
        const i = plan[layout.sampleRows + s]!;
        const row = plan[layout.rowIds + i]!;
        const offset = plan[layout.sampleTokens + s]! - plan[layout.queryStarts + i]!;
        const token = sampleToken(row, plan[layout.contextLens + i]! + offset + 1);
        sampled[s] = token;
        lastTokens[row] = token;
      }
    },
    logprobs: certain,
  };
}
