// Where results may depend on the batch, a greedy token must still be the best but for a near tie: by the logits of the very
// same tokens in float32, it may be below the best by no more than rounding explains.
import type { Backend } from "@octavo/core";
import type { EngineOptions } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { errorModels } from "../parity/bf16-error.js";
import { goldenPocket } from "../parity/golden.js";
import { ModelRun } from "../parity/run-model.js";
import { newUse, TokenEngine } from "./token-engine.js";
import type { TestRequest } from "./workload.js";

const TOKENS = 48;
const MAX_MODEL_LEN = 384;

/** Each prompt of the golden cases, and its first half. */
const requests: readonly TestRequest[] = goldenPocket().cases.flatMap(({ ids }) =>
  [ids, ids.slice(0, Math.ceil(ids.length / 2))].map((prompt) => ({
    prompt,
    params: { temperature: 0, maxTokens: TOKENS, ignoreEos: true, seed: 0 },
  })),
);

/**
 * How far below the best a picked token may be, in logits.
 *
 * A run that picks b where a is the best by `gap` has errors with e(b) - e(a) >= gap. In bfloat16 an error's root mean square
 * is about that of transformers in bfloat16 (bf16-error.json), the difference of two has sqrt(2) times that, and 6 times that
 * is out of reach of rounding over a few thousand tokens. In float32 each logit is within 1e-3 (llama.test.ts).
 */
export function nearTieBound(dtype: "bfloat16" | "float32"): number {
  if (dtype === "float32") return 2e-3;
  return 6 * Math.SQRT2 * errorModels.find(({ name }) => name === "pocket")!.rms;
}

export const schedules = ["alone", "batched", "chunked", "arriving", "cached", "depth 1"] as const;
export type Schedule = (typeof schedules)[number];

/** Greedy tokens of each request under a schedule. */
export async function greedyTokens(schedule: Schedule, options: EngineOptions): Promise<number[][]> {
  using engine = await TokenEngine.load(modelPath, {
    maxModelLen: MAX_MODEL_LEN,
    maxNumSeqs: schedule === "alone" ? 1 : 16,
    maxNumBatchedTokens: schedule === "chunked" ? 29 : 512,
    enablePrefixCaching: schedule === "cached",
    asyncScheduling: schedule !== "depth 1",
    kvCacheMemoryBytes: 2 ** 26,
    ...options,
  });
  if (schedule === "alone") return requests.map((request) => [...engine.alone(request)]);
  const run = () => {
    const uses = requests.map((request) => newUse(request, TOKENS));
    engine.run(uses, schedule === "arriving" ? { arrivals: () => 1 } : undefined);
    return uses.map(({ tokens }) => tokens);
  };
  if (schedule === "cached") run();
  return run();
}

/** The largest distance of a token below the best one, and how many tokens were not the best. */
export interface Departures {
  readonly gap: number;
  readonly count: number;
}

/**
 * Compares each token with the logits that float32 has after what came before it.
 * @param tokens of the requests in their order; of the first ones, where these suffice
 */
export function departures(tokens: readonly (readonly number[])[], reference: Backend): Departures {
  let gap = 0;
  let count = 0;
  for (const [i, outputs] of tokens.entries()) {
    const { prompt } = requests[i]!;
    const ids = [...prompt, ...outputs];
    using run = new ModelRun(modelPath, reference, ids.length, { dtype: "float32" });
    const logits = run.feed(ids, prompt.length);
    for (const [t, token] of outputs.entries()) {
      const row = logits[prompt.length - 1 + t]!;
      const below = Math.max(...row) - row[token]!;
      if (below !== 0) count++;
      // Negated, so that NaN is the worst of all.
      if (!(below <= gap)) gap = below;
    }
  }
  return { gap, count };
}

/** How many requests have other tokens than in `alone`. */
export function requestsApart(tokens: readonly (readonly number[])[], alone: readonly (readonly number[])[]): number {
  return tokens.filter((list, i) => String(list) !== String(alone[i])).length;
}
