// The ops from logits to tokens, over the calls of an addon; checked as native-ops.ts says.
import type { Batch } from "../batch.js";
import type { LogprobKind, LogprobsOutput, SamplingOps } from "../ops.js";
import type { Tensor } from "../tensor.js";
import { checkRecords } from "./batch-checks.js";
import { BatchWords } from "./batch-words.js";
import type { NativeOpCalls } from "./native-op-calls.js";
import { address, checkContiguous, checkIndices, checkMatrix, fail } from "./op-checks.js";

export class NativeSamplingOps implements SamplingOps {
  protected readonly native: NativeOpCalls;
  /** The number that the addon knows the backend by. */
  protected readonly backend: number;
  protected readonly batchWords = new BatchWords();

  constructor(native: NativeOpCalls, backend: number) {
    this.native = native;
    this.backend = backend;
  }

  adjustLogits(logits: Tensor, batch: Batch): void {
    const { layout, tables } = batch;
    const { vocabSize } = layout.capacity;
    const { records } = tables;
    const words = this.batchWords.of("adjustLogits", batch);
    checkRecords("adjustLogits", batch);
    checkIndices("adjustLogits", "inputIds", batch.inputIds, layout.capacity.maxTokens);
    checkLogits("adjustLogits", logits, batch.numSamples);
    if (!records) fail("adjustLogits", "the plan's layout has no records: give planLayout a vocabSize");
    if (logits.shape[1] !== vocabSize) {
      fail("adjustLogits", `logits are [${logits.shape}], the plan's layout has a vocabulary of ${vocabSize}`);
    }
    if (batch.numSamples === 0) return;
    this.native.adjustLogits(
      this.backend,
      words,
      vocabSize,
      address(records.tokenCounts),
      address(records.recentTokens),
      address(records.tokenMasks),
      address(records.edits),
      address(batch.inputIds),
      address(logits),
      batch.numSamples,
    );
  }

  filterLogits(logits: Tensor, batch: Batch): void {
    const words = this.batchWords.of("filterLogits", batch);
    checkLogits("filterLogits", logits, batch.numSamples);
    if (batch.numSamples === 0) return;
    this.native.filterLogits(this.backend, words, address(logits), batch.numSamples, logits.shape[1]!);
  }

  sample(tokens: Tensor, logits: Tensor, batch: Batch): void {
    const words = this.batchWords.of("sample", batch);
    checkIndices("sample", "tokens", tokens, batch.numSamples);
    checkLogits("sample", logits, batch.numSamples);
    if (batch.numSamples === 0) return;
    this.native.sample(this.backend, words, address(tokens), address(logits), batch.numSamples, logits.shape[1]!);
  }

  logprobs(out: LogprobsOutput, logits: Tensor, picked: Tensor, kind: LogprobKind = "logprobs"): void {
    const [samples, columns] = out.tokens.shape;
    const [rows, vocabulary] = logits.shape;
    checkMatrix("logprobs", "logprobs", out.logprobs, samples!, columns!);
    checkIndices("logprobs", "tokens", out.tokens, samples! * columns!);
    checkIndices("logprobs", "ranks", out.ranks, samples!);
    checkIndices("logprobs", "picked", picked, samples!);
    checkContiguous("logprobs", "logprobs", out.logprobs);
    checkContiguous("logprobs", "logits", logits);
    if (out.logprobs.dtype !== "float32") fail("logprobs", `logprobs are ${out.logprobs.dtype}, float32 was expected`);
    if (logits.dtype !== "float32" || logits.shape.length !== 2 || rows! < samples! || vocabulary! < columns! - 1) {
      const expected = `float32 [>= ${samples}, >= ${columns! - 1}]`;
      fail("logprobs", `logits are ${logits.dtype} [${logits.shape}], ${expected} was expected`);
    }
    if (columns! < 1) fail("logprobs", "tokens have no column; the first one is the picked token's");
    if (samples === 0) return;
    this.native.logprobs(
      this.backend,
      address(out.tokens),
      address(out.logprobs),
      address(out.ranks),
      columns!,
      address(logits),
      address(picked),
      samples!,
      vocabulary!,
      kind === "logits" ? 1 : 0,
    );
  }
}

/** float32 [>= samples, at least 1], contiguous. */
function checkLogits(op: string, logits: Tensor, samples: number): void {
  const [rows, vocabulary] = logits.shape;
  checkContiguous(op, "logits", logits);
  if (logits.dtype !== "float32" || logits.shape.length !== 2 || rows! < samples || vocabulary! < 1) {
    fail(op, `logits are ${logits.dtype} [${logits.shape}], float32 [>= ${samples}, V] was expected`);
  }
}
