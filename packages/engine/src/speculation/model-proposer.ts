// Drafts from a model: one small step after the other, for all requests that draft at once.
import { LAST_SAMPLED, ROW_INIT_WORDS, RowInit } from "@octavo/core";
import type { DraftRequest } from "@octavo/scheduler";
import type { DraftRunner } from "../runner/draft-runner.js";
import type { Proposer } from "./proposer.js";

/**
 * A draft is sampled as the target samples: with the request's own parameters and noise, so that where the models agree, so do
 * their samples (Daliri, Musco and Suresh 2024). The draft model follows a request only when it is asked for drafts, and then
 * computes all that it has not seen; its keys and values lie in the request's blocks of a pool of its own.
 */
export class ModelProposer implements Proposer {
  readonly #runner: DraftRunner;
  readonly #most: number;
  /** For each row: tokens whose keys and values are there and right. */
  readonly #computed: Int32Array;
  /** The same if all drafts are right. */
  readonly #hoped: Int32Array;
  readonly #numGroups: number;
  /** For each row and group of layers, the first block that the device's table may not have; -1: the row has no request yet. */
  readonly #knownBlocks: Int32Array;
  readonly #record = new Int32Array(ROW_INIT_WORDS);

  /** @param most drafts at once */
  constructor(runner: DraftRunner, most: number, maxRows: number) {
    this.#runner = runner;
    this.#most = most;
    this.#computed = new Int32Array(maxRows);
    this.#hoped = new Int32Array(maxRows);
    this.#numGroups = runner.tables.length;
    this.#knownBlocks = new Int32Array(maxRows * this.#numGroups).fill(-1);
  }

  available(): number {
    return this.#most;
  }

  propose(requests: readonly DraftRequest[], count: number): void {
    const drafting = this.#enqueueContexts(requests, count);
    if (drafting > 0) this.#enqueueDrafts(requests, count);
    this.#runner.wait();
    this.#read(requests, count);
  }

  verified({ row, length }: DraftRequest): void {
    this.#computed[row] = Math.min(this.#hoped[row]!, length - 1);
  }

  released({ row }: DraftRequest): void {
    this.#knownBlocks[row * this.#numGroups] = -1;
  }

  forget(): void {}

  /** The first step: all that the model has not seen, as far as there is room. @returns requests that have a draft then */
  #enqueueContexts(requests: readonly DraftRequest[], count: number): number {
    const plan = this.#runner.begin();
    let drafting = 0;
    for (let i = 0; i < count; i++) {
      const request = requests[i]!;
      const { row, length, tokens } = request;
      if (this.#knownBlocks[row * this.#numGroups] === -1) this.#introduce(request);
      const context = this.#runner.sharesKeys ? length - 1 : Math.min(this.#computed[row]!, length - 1);
      this.#computed[row] = context;
      if (!this.#writeBlocks(request)) continue;
      // Each of those that follow needs one token at least.
      const chunk = Math.min(length - context, plan.layout.capacity.maxTokens - plan.numTokens - (count - i - 1));
      const reaches = context + chunk === length;
      plan.addRow(row, context, chunk, reaches ? 1 : 0);
      for (let t = context; t < context + chunk; t++) plan.addToken(tokens[t]!);
      this.#computed[row] = this.#hoped[row] = context + chunk;
      if (reaches) drafting++;
    }
    this.#runner.launch();
    return drafting;
  }

  /** The steps after: each takes the token that the one before sampled. */
  #enqueueDrafts(requests: readonly DraftRequest[], count: number): void {
    let longest = 0;
    for (let i = 0; i < count; i++) longest = Math.max(longest, requests[i]!.maxDrafts);
    for (let draft = 1; draft < longest; draft++) {
      const plan = this.#runner.begin();
      for (let i = 0; i < count; i++) {
        const { row, length, maxDrafts } = requests[i]!;
        if (draft >= maxDrafts || this.#computed[row]! < length) continue;
        plan.addRow(row, length - 1 + draft, 1, 1);
        plan.addToken(LAST_SAMPLED);
        this.#hoped[row] = length + draft;
      }
      if (plan.numRows === 0) return;
      this.#runner.launch();
    }
  }

  /** Each step's samples come in the order of the requests that sampled in it. */
  #read(requests: readonly DraftRequest[], count: number): void {
    for (let draft = 0; draft < this.#runner.numLaunched; draft++) {
      const tokens = this.#runner.tokens(draft);
      let sample = 0;
      for (let i = 0; i < count; i++) {
        const request = requests[i]!;
        if (draft >= request.maxDrafts || this.#computed[request.row]! < request.length) continue;
        const token = tokens[sample++]!;
        // Nothing to pick: the model's logits are not finite, and neither is what follows.
        if (token >= 0 && request.drafts === draft) request.addDraft(token);
      }
    }
  }

  /** Tells the device the request's parameters, without what needs tables that only the target has. */
  #introduce({ row, rowInit, promptLength }: DraftRequest): void {
    this.#record.set(rowInit);
    this.#record[RowInit.flags] = 0;
    this.#record[RowInit.ropeOffset] = this.#runner.ropeOffset(promptLength);
    this.#runner.plan.addRowInit(row, this.#record);
    this.#knownBlocks.fill(0, row * this.#numGroups, (row + 1) * this.#numGroups);
    this.#computed[row] = this.#hoped[row] = 0;
  }

  /** @returns false where the plan had no room for all: the request has no drafts before it has */
  #writeBlocks({ row, sequence, length }: DraftRequest): boolean {
    const { plan } = this.#runner;
    // From here on blocks may be replaced by copies, when a fork shares them.
    const written = Math.floor((length - 1) / plan.layout.capacity.blockSize);
    let hasAll = true;
    for (let group = 0; group < this.#numGroups; group++) {
      const table = sequence.tables[this.#runner.tables[group]!]!;
      const at = row * this.#numGroups + group;
      const first = Math.max(this.#knownBlocks[at]!, table.firstHeld);
      const end = Math.min(table.numBlocks, first + plan.blockWritesLeft);
      for (let i = first; i < end; i++) plan.addBlockWrite(row, i, table.block(i), group);
      this.#knownBlocks[at] = Math.min(end, written);
      hasAll &&= end === table.numBlocks;
    }
    return hasAll;
  }

  [Symbol.dispose](): void {
    this.#runner.dispose();
  }
}
