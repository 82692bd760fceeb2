// adjustLogits: token by token, in the order that ops.ts gives.
import type { Batch } from "../../batch.js";
import { MAX_TOKEN_COUNT, RECENT_TOKENS, ROW_INIT_WORDS, RowFlags, RowInit } from "../../plan/layout.js";
import type { Tensor } from "../../tensor.js";
import { intsOf, load, store } from "../elements.js";
import { halfOf, PROMPT_BIT, rowFlags, rowOf } from "./records.js";
import { sampleOf } from "./sampling.js";

interface Edit {
  readonly token: number;
  readonly bias: number;
  readonly until: number;
  readonly before: readonly number[];
}

/** A row at one sample. */
interface RowState {
  readonly row: number;
  readonly flags: number;
  readonly position: number;
  readonly promptLength: number;
  /** What this step has behind the row's first sample and before this one. */
  readonly drafts: readonly number[];
}

export function adjustLogits(logits: Tensor, batch: Batch): void {
  const { records } = batch.tables;
  if (!records) return;
  const values = new Float64Array(logits.shape[1]!);
  for (let s = 0; s < batch.numSamples; s++) {
    const state = stateOf(batch, s);
    if (state.flags === 0) continue;
    load(values, logits, s * logits.strides[0]!);
    const { row, flags } = state;
    if (flags & RowFlags.edits) {
      for (const { token, bias, ...when } of editsOf(records.edits, row)) {
        if (applies(when, state, batch)) values[token]! += bias;
      }
    }
    if (flags & RowFlags.history) penalise(values, state, batch);
    if (flags & RowFlags.allowed) {
      const mask = rowOf(records.tokenMasks, row);
      for (let token = 0; token < values.length; token++) {
        if (!(mask[token >> 5]! & (1 << (token & 31)))) values[token] = Number.NEGATIVE_INFINITY;
      }
    }
    store(logits, s * logits.strides[0]!, values);
  }
}

function stateOf(batch: Batch, s: number): RowState {
  const { layout, tables } = batch;
  const { row, position } = sampleOf(batch, s);
  const plan = intsOf(batch.plan);
  const entry = (sample: number): number => plan[layout.sampleRows + sample]!;
  const token = (sample: number): number => plan[layout.sampleTokens + sample]!;
  let first = s;
  while (first > 0 && entry(first - 1) === entry(s)) first--;
  const drafts = Array.from(intsOf(batch.inputIds).subarray(token(first) + 1, token(s) + 1));
  const promptLength = intsOf(tables.sampling)[row * ROW_INIT_WORDS + RowInit.promptLength]!;
  return { row, flags: rowFlags(batch, row), position, promptLength, drafts };
}

function editsOf(table: Tensor, row: number): Edit[] {
  const words = rowOf(table, row);
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const edits: Edit[] = [];
  for (let at = 1; at < 1 + words[0]!; at += words[at]!) {
    const before = Array.from(words.subarray(at + 4, at + words[at]!));
    edits.push({ token: words[at + 1]!, bias: floats[at + 2]!, until: words[at + 3]!, before });
  }
  return edits;
}

function applies({ until, before }: Pick<Edit, "until" | "before">, state: RowState, batch: Batch): boolean {
  const { row, flags, position, promptLength, drafts } = state;
  if (position >= until) return false;
  if (before.length === 0) return true;
  if (!(flags & RowFlags.history) || position - before.length < promptLength) return false;
  const recent = rowOf(batch.tables.records!.recentTokens, row);
  return before.every((token, i) => {
    const back = before.length - i;
    const found = back <= drafts.length ? drafts[drafts.length - back] : recent[(position - back) % RECENT_TOKENS];
    return found === token;
  });
}

function penalise(values: Float64Array, { row, drafts }: RowState, batch: Batch): void {
  const { sampling, records } = batch.tables;
  const words = intsOf(sampling).slice(row * ROW_INIT_WORDS, (row + 1) * ROW_INIT_WORDS);
  const floats = new Float32Array(words.buffer);
  const repetition = floats[RowInit.repetitionPenalty]!;
  const presence = floats[RowInit.presencePenalty]!;
  const frequency = floats[RowInit.frequencyPenalty]!;
  for (let token = 0; token < values.length; token++) {
    const half = halfOf(records!.tokenCounts, row, token);
    const drafted = drafts.filter((draft) => draft === token).length;
    const count = Math.min((half & MAX_TOKEN_COUNT) + drafted, MAX_TOKEN_COUNT);
    if (!(half & PROMPT_BIT) && count === 0) continue;
    const logit = values[token]!;
    values[token] = logit > 0 ? logit / repetition : logit * repetition;
    values[token]! -= frequency * count;
    if (count > 0) values[token]! -= presence;
  }
}
