// Replies in one piece: waits for every generation and keeps its text, tokens and logprobs.
import { cumulativeLogprob, highestCumulative } from "@octavo/engine";
import type { Choices } from "../fields/sampling.js";
import type { Generation } from "./generation.js";
import type { ScoredToken } from "./scored-token.js";

/** One choice of a reply. */
export interface Output {
  readonly source: Pick<Generation, "job" | "promptLogprobs" | "finishReason" | "stopReason" | "weightVersion">;
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** Null where the request did not ask for logprobs. */
  readonly logprobs: readonly ScoredToken[] | null;
}

/** The outputs, in order. When one generation fails the others are aborted. @throws the failure */
export async function collectOutputs(generations: readonly Generation[]): Promise<Output[]> {
  try {
    return await Promise.all(generations.map(collectOutput));
  } catch (error) {
    for (const generation of generations) generation.abort();
    throw error;
  }
}

async function collectOutput(generation: Generation): Promise<Output> {
  let text = "";
  let logprobs: ScoredToken[] | null = null;
  const tokenIds: number[] = [];
  await generation.run((chunk) => {
    text += chunk.text;
    for (const id of chunk.tokenIds) tokenIds.push(id);
    if (chunk.logprobs) {
      logprobs ??= [];
      for (const token of chunk.logprobs) logprobs.push(token);
    }
    return undefined;
  });
  return { source: generation, text, tokenIds, logprobs };
}

/** Of each prompt's `bestOf` outputs, side by side, the `n` that are returned. */
export function chooseOutputs(outputs: readonly Output[], { n, bestOf, ranks }: Choices): readonly Output[] {
  if (!ranks) return outputs;
  const chosen: Output[] = [];
  for (let first = 0; first < outputs.length; first += bestOf) {
    const scored = outputs.slice(first, first + bestOf).map((output) => {
      return { output, cumulativeLogprob: cumulativeLogprob(sampled(output)) };
    });
    for (const { output } of highestCumulative(scored, n)) {
      chosen.push(ranks === "silently" ? { ...output, logprobs: null } : output);
    }
  }
  return chosen;
}

/** The output's own tokens: an echoed prompt stands before them. */
function sampled({ logprobs, tokenIds }: Output): { logprob: number }[] {
  return (logprobs ?? [])
    .slice(-tokenIds.length || Number.POSITIVE_INFINITY)
    .map(({ logprob }) => ({ logprob: logprob ?? 0 }));
}
