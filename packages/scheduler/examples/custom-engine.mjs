// An engine of your own around @octavo/scheduler: continuous batching, chunked prefill, a paged cache with shared prefixes.
// The "model" continues the most recent bigram: it looks up what followed the last token before. Run it after the build:
//   node packages/scheduler/examples/custom-engine.mjs
import { PlanHeader, ROW_INIT_WORDS, StepPlan } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import { Scheduler } from "@octavo/scheduler";

const blockSize = 4;
const numBlocks = 64;
const kvCache = new KvCacheManager({ numBlocks, blockSize });
const scheduler = new Scheduler({ maxNumSeqs: 8, maxNumBatchedTokens: 16, maxModelLen: 64 }, kvCache);
const plan = new StepPlan(scheduler.planLayout);

// The device: a block table for each row, and a "cache" that keeps each slot's token where a model keeps keys and values.
const { rowIds, queryStarts, contextLens, sampleRows, capacity } = scheduler.planLayout;
const blockTables = new Int32Array(capacity.maxRows * capacity.maxBlocksPerRow);
const cache = new Int32Array(numBlocks * blockSize);

/** Where position `position` of a row's sequence is cached. */
function slot(row, position) {
  const block = blockTables[row * capacity.maxBlocksPerRow + Math.floor(position / blockSize)];
  return block * blockSize + (position % blockSize);
}

/** Executes a plan: block writes, then every row's tokens into the cache, then one sampled token for each row that is due. */
function runModel({ words }) {
  for (let i = 0, at = words[PlanHeader.blockWritesOffset]; i < words[PlanHeader.numBlockWrites]; i++, at += 3) {
    blockTables[words[at] * capacity.maxBlocksPerRow + words[at + 1]] = words[at + 2];
  }
  const length = (i) => words[contextLens + i] + words[queryStarts + i + 1] - words[queryStarts + i];
  for (let i = 0; i < words[PlanHeader.numRows]; i++) {
    let token = words[PlanHeader.tokensOffset] + words[queryStarts + i];
    for (let p = words[contextLens + i]; p < length(i); p++) cache[slot(words[rowIds + i], p)] = words[token++];
  }
  return Int32Array.from({ length: words[PlanHeader.numSamples] }, (_, s) => {
    const i = words[sampleRows + s];
    const sequence = Array.from({ length: length(i) }, (_, p) => cache[slot(words[rowIds + i], p)]);
    const last = sequence.pop();
    return sequence[sequence.lastIndexOf(last) + 1] ?? last;
  });
}

const letters = (text) => Int32Array.from(text, (letter) => letter.charCodeAt(0));
const prompts = ["once upon a time, once upon", "tick tock tick", "once upon a time, a sheet was folded, a sheet"];
const texts = [...prompts];
for (const [id, prompt] of prompts.entries()) {
  const rowInit = new Int32Array(ROW_INIT_WORDS);
  scheduler.add({ id, promptTokens: letters(prompt), maxTokens: 16, stopTokenIds: letters("."), rowInit });
}

const sink = {
  onToken(id, token) {
    texts[id] += String.fromCharCode(token);
  },
};

// The four calls of a step: schedule, launch, collect, update. (Here the "device" is done when the call returns.)
let steps = 0;
while (scheduler.hasUnfinished()) {
  scheduler.schedule(plan);
  const tokens = runModel(plan);
  scheduler.update(tokens, sink);
  steps++;
}

for (const text of texts) console.log(text);
const { prefixCacheHits, promptTokens, generationTokens } = scheduler.stats;
console.log(
  `${steps} steps, ${promptTokens} prompt tokens (${prefixCacheHits} from the cache), ${generationTokens} sampled`,
);
