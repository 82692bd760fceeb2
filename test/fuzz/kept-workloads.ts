// Workloads worth keeping: those that failed once, as they were printed, and some by hand, which chance draws too seldom. Each stands
// under what it would find.
import type { Workload } from "./workload.js";

export const KEPT: readonly (readonly [string, Workload])[] = [
  ["two outputs write into the block that both hold", { requests: [{ own: 2, n: 2 }] }],
  [
    "a fork that ends early leaves other tokens in a block that is cached",
    {
      engine: { maxNumSeqs: 1, blockSize: 8 },
      requests: [
        { shared: 40 },
        { from: 1, shared: 20, fork: true, wait: 1, params: { maxTokens: 1 } },
        { from: 2, shared: 38, whenIdle: true },
      ],
    },
  ],
  [
    "a block comes back from host memory with other content",
    {
      engine: { blockSize: 4, maxModelLen: 40, maxNumSeqs: 1, hostBlocks: 40 },
      requests: [
        { text: 1, shared: 30 },
        { text: 2, shared: 30 },
        { text: 1, shared: 30 },
      ],
    },
  ],
  [
    "a request that is aborted in the middle of its prompt keeps blocks",
    { engine: { maxNumBatchedTokens: 4 }, requests: [{ shared: 12, abortAfter: 1 }, {}] },
  ],
];
