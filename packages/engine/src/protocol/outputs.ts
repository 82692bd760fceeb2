// A step's results as one flat Int32Array: (request, token, finish, cached tokens, queue time) records, and before those of requests
// that want logprobs longer records, whose first word is negative.
import { NO_TOKEN } from "@octavo/core";
import type { OutputSink } from "@octavo/scheduler";
import type { LogprobRows } from "../runner/logprob-rows.js";
import type { NamedLogprobRows } from "../runner/named-logprobs.js";

/** Words of one token record. */
export const OUTPUT_WORDS = 5;

/** What a logprobs record, [-request, of, rank, entries, then for each its token and the bits of its float32 logprob], is about. */
export const LogprobsOf = {
  /** The token of the request's next record. */
  output: 0,
  /** The prompt's next token, from the second one on. */
  prompt: 1,
  /** As `output`, but the entries behind the first are tokens that the request named; behind all entries stand the ranks of those. */
  named: 2,
} as const;

/** Words before a logprobs record's entries, of two words each. */
export const LOGPROBS_HEADER_WORDS = 4;

/** Words of the logprobs record that begins at `start`. */
export function logprobsRecordWords(words: Int32Array, start: number): number {
  const entries = words[start + 3]!;
  return LOGPROBS_HEADER_WORDS + 2 * entries + (words[start + 1] === LogprobsOf.named ? entries - 1 : 0);
}

/** Gathers one step's records; nothing is allocated until they are taken. */
export class OutputBatch implements OutputSink {
  /** Of the step that is being gathered; needed only where a request wants logprobs. */
  sampledLogprobs: LogprobRows | undefined;
  promptLogprobs: LogprobRows | undefined;
  namedLogprobs: NamedLogprobRows | undefined;
  #words: Int32Array;
  #length = 0;
  readonly #queueMicros: (id: number) => number;

  /** @param queueMicros how long a request waited, for the record of its first token; 0 for others */
  constructor(maxRows: number, queueMicros: (id: number) => number = () => 0) {
    this.#queueMicros = queueMicros;
    this.#words = new Int32Array(OUTPUT_WORDS * maxRows);
  }

  onToken(
    id: number,
    token: number,
    finish: number,
    cachedTokens: number,
    sample: number,
    logprobs: number,
    named: number,
  ): void {
    if (named > 0 && token !== NO_TOKEN) {
      this.#addNamed(id, sample, named);
    } else if (logprobs >= 0 && token !== NO_TOKEN) {
      this.#addLogprobs(id, LogprobsOf.output, this.sampledLogprobs!, sample, logprobs);
    }
    if (this.#length + OUTPUT_WORDS > this.#words.length) this.#enlarge();
    this.#words[this.#length] = id;
    this.#words[this.#length + 1] = token;
    this.#words[this.#length + 2] = finish;
    this.#words[this.#length + 3] = cachedTokens;
    this.#words[this.#length + 4] = this.#queueMicros(id);
    this.#length += OUTPUT_WORDS;
  }

  onPromptLogprobs(id: number, first: number, count: number, logprobs: number): void {
    for (let i = 0; i < count; i++) {
      this.#addLogprobs(id, LogprobsOf.prompt, this.promptLogprobs!, first + i, logprobs);
    }
  }

  get empty(): boolean {
    return this.#length === 0;
  }

  /** A copy of the records so far, to be posted; the batch is empty afterwards. */
  take(): Int32Array {
    const words = this.#words.slice(0, this.#length);
    this.#length = 0;
    return words;
  }

  #addLogprobs(id: number, of: number, rows: LogprobRows, row: number, alternatives: number): void {
    const entries = Math.min(1 + alternatives, rows.columns);
    while (this.#length + LOGPROBS_HEADER_WORDS + 2 * entries > this.#words.length) this.#enlarge();
    const words = this.#words;
    let at = this.#length;
    words[at++] = -id;
    words[at++] = of;
    words[at++] = rows.ranks[row]!;
    words[at++] = entries;
    const from = row * rows.columns;
    for (let i = 0; i < entries; i++) {
      words[at++] = rows.tokens[from + i]!;
      words[at++] = rows.logprobs[from + i]!;
    }
    this.#length = at;
  }

  #addNamed(id: number, sample: number, count: number): void {
    const { samples, tokens, logprobs, ranks } = this.namedLogprobs!;
    const own = this.sampledLogprobs!;
    while (this.#length + LOGPROBS_HEADER_WORDS + 2 + 3 * count > this.#words.length) this.#enlarge();
    const words = this.#words;
    let at = this.#length;
    words[at++] = -id;
    words[at++] = LogprobsOf.named;
    words[at++] = own.ranks[sample]!;
    words[at++] = 1 + count;
    words[at++] = own.tokens[sample * own.columns]!;
    words[at++] = own.logprobs[sample * own.columns]!;
    for (let i = 0; i < count; i++) {
      words[at++] = tokens[i * samples + sample]!;
      words[at++] = logprobs[i * samples + sample]!;
    }
    for (let i = 0; i < count; i++) words[at++] = ranks[i * samples + sample]!;
    this.#length = at;
  }

  #enlarge(): void {
    const words = new Int32Array(2 * this.#words.length);
    words.set(this.#words);
    this.#words = words;
  }
}
