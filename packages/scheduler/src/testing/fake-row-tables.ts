// A device's tables that edit logits, as plain lists: what a plan sends too early, too late or twice shows.
import { assertInternal, PlanHeader, RECORD_HEADER_WORDS, RowFlags, RowRecord } from "@octavo/core";
import type { FakeEdits } from "./fake-model.js";

interface RowTables {
  readonly flags: number;
  /** Tokens from position 0 on. */
  readonly history: number[];
  allowed: readonly number[];
  words: readonly number[];
}

export class FakeRowTables {
  readonly #rows: RowTables[];

  constructor(maxRows: number) {
    this.#rows = Array.from({ length: maxRows }, () => ({ flags: 0, history: [], allowed: [], words: [] }));
  }

  /** A row init empties the tables. */
  begin(row: number, flags: number): void {
    this.#rows[row] = { flags, history: [], allowed: [], words: [] };
  }

  applyRecords(plan: Int32Array): void {
    let at = plan[PlanHeader.recordsOffset]!;
    for (let i = 0; i < plan[PlanHeader.numRecords]!; i++) {
      const [row, kind, length] = [plan[at]!, plan[at + 1]!, plan[at + 2]!];
      at += RECORD_HEADER_WORDS;
      const words = [...plan.subarray(at, at + length)];
      at += length;
      if (kind === RowRecord.allowed) this.#rows[row]!.allowed = words;
      else if (kind === RowRecord.edits) this.#rows[row]!.words = words;
      else for (const [index, token] of words.slice(1).entries()) this.count(row, words[0]! + index, token);
    }
  }

  /** Takes the token at `position`; each comes once, in order. */
  count(row: number, position: number, token: number): void {
    const { flags, history } = this.#rows[row]!;
    if ((flags & RowFlags.history) === 0) return;
    assertInternal(
      position === history.length,
      `row ${row} counts position ${position} after ${history.length} tokens`,
    );
    history.push(token);
  }

  /** What a sample of this row must look at; undefined for a row without flags. */
  editsOf(row: number): (FakeEdits & { readonly history: readonly number[] | undefined }) | undefined {
    const { flags, history, allowed, words } = this.#rows[row]!;
    if (flags === 0) return undefined;
    return {
      history: flags & RowFlags.history ? history : undefined,
      allowed: flags & RowFlags.allowed ? allowed : undefined,
      words: flags & RowFlags.edits ? words : undefined,
    };
  }
}
