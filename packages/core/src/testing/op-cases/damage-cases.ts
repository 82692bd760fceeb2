// Plans whose records are wrong. A backend must say so, when it is called or when it is next waited for, and must not write outside of
// the tables.
import type { Backend } from "../../backend.js";
import { LAST_SAMPLED, PlanHeader, RECORD_HEADER_WORDS, RowFlags } from "../../plan/layout.js";
import type { RowSampling } from "../reference/sampling.js";
import { unpreparedBatch } from "./batch-cases.js";
import { allowedRecord, editsRecord, historyRecord } from "./batch-records.js";
import { CaseBench } from "./case-bench.js";

export interface DamageCase {
  readonly name: string;
  /** Default: nothing. */
  readonly damage?: (plan: Int32Array, at: RecordOffsets) => void;
  /** Default: a token of the vocabulary. */
  readonly inputToken?: number;
}

/** Where the records of the plan begin. */
interface RecordOffsets {
  readonly history: number;
  readonly allowed: number;
  readonly edits: number;
  readonly vocabSize: number;
  readonly maxRows: number;
}

const VOCAB_SIZE = 33;
const MAX_ROWS = 3;
/** Words of a record before those that the cases change. */
const HEADER = RECORD_HEADER_WORDS;

const GREEDY: RowSampling = { temperature: 0, topP: 1, minP: 0, topK: 0, seedLow: 0, seedHigh: 0, choice: 0 };
const LARGEST = 2 ** 31 - 1;

export const damageCases: readonly DamageCase[] = [
  { name: "a record of a row outside of the tables", damage: (plan, at) => plan.set([at.maxRows], at.history) },
  { name: "a record of a negative row", damage: (plan, at) => plan.set([-1], at.edits) },
  { name: "a record of no kind", damage: (plan, at) => plan.set([9], at.allowed + 1) },
  { name: "a record of negative length", damage: (plan, at) => plan.set([-4], at.history + 2) },
  { name: "a record longer than the plan", damage: (plan, at) => plan.set([LARGEST], at.edits + 2) },
  { name: "more records than there are", damage: (plan) => plan.set([LARGEST], PlanHeader.numRecords) },
  { name: "records after the plan", damage: (plan) => plan.set([LARGEST - 1], PlanHeader.recordsOffset) },
  { name: "records before the plan", damage: (plan) => plan.set([-8], PlanHeader.recordsOffset) },
  { name: "a history at a negative position", damage: (plan, at) => plan.set([-1], at.history + HEADER) },
  { name: "a history past the longest sequence", damage: (plan, at) => plan.set([31], at.history + HEADER) },
  { name: "a history without a position", damage: (plan, at) => plan.set([0], at.history + 2) },
  { name: "a token past the vocabulary", damage: (plan, at) => plan.set([at.vocabSize], at.history + HEADER + 1) },
  { name: "a negative token", damage: (plan, at) => plan.set([-1], at.history + HEADER + 2) },
  { name: "an allowed token past the vocabulary", damage: (plan, at) => plan.set([LARGEST], at.allowed + HEADER) },
  { name: "a negative allowed token", damage: (plan, at) => plan.set([-LARGEST], at.allowed + HEADER) },
  { name: "an edit of no words", damage: (plan, at) => plan.set([0], at.edits + HEADER) },
  { name: "an edit of negative length", damage: (plan, at) => plan.set([-5], at.edits + HEADER) },
  { name: "an edit past the others", damage: (plan, at) => plan.set([LARGEST], at.edits + HEADER) },
  { name: "an edit with too many tokens before", damage: (plan, at) => plan.set([36], at.edits + HEADER) },
  {
    name: "an edit of a token past the vocabulary",
    damage: (plan, at) => plan.set([VOCAB_SIZE], at.edits + HEADER + 1),
  },
  { name: "an edit of a negative token", damage: (plan, at) => plan.set([-1], at.edits + HEADER + 1) },
  { name: "a last token outside of the vocabulary", inputToken: LAST_SAMPLED },
];

/** @returns what the backend said, if anything, and what it wrote that it must not */
export function runDamageCase({ damage, inputToken = 1 }: DamageCase, backend: Backend) {
  using bench = new CaseBench(backend, 1);
  const edits = Array.from({ length: 12 }, (_, i) => ({ token: i, bias: 1, before: [3, 4] }));
  const row = {
    row: 1,
    contextLen: 1,
    queryLen: 1,
    tokens: [inputToken],
    blocks: [1],
    sampling: GREEDY,
    adjustment: { flags: RowFlags.history | RowFlags.allowed | RowFlags.edits },
    records: [historyRecord(0, [3, 4]), allowedRecord([5, 6]), editsRecord(edits)],
  };
  const capacity = { maxRows: MAX_ROWS, maxTokens: 4, blockSize: 16, maxBlocksPerRow: 2, vocabSize: VOCAB_SIZE };
  const batch = unpreparedBatch(bench, { rows: [row], ...capacity }, (plan) => {
    const history = plan[PlanHeader.recordsOffset]!;
    const allowed = history + HEADER + plan[history + 2]!;
    const at = {
      history,
      allowed,
      edits: allowed + HEADER + plan[allowed + 2]!,
      vocabSize: VOCAB_SIZE,
      maxRows: MAX_ROWS,
    };
    damage?.(plan, at);
  });
  const logits = bench.output("logits", "float32", [1, VOCAB_SIZE], { initial: () => 1 });
  let message: string | undefined;
  try {
    bench.ops.prepareBatch(batch);
    bench.ops.adjustLogits(logits, batch);
    using done = backend.createEvent();
    done.record();
    done.wait();
  } catch (error) {
    message = String(error);
  }
  return { message, damage: bench.collect().damage };
}
