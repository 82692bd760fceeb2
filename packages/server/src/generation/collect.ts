// Replies in one piece: waits for every generation and keeps its text and logprobs.
import type { Generation } from "./generation.js";
import type { ScoredToken } from "./scored-token.js";

export interface Output {
  readonly text: string;
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
  await generation.run((chunk) => {
    text += chunk.text;
    if (chunk.logprobs) {
      logprobs ??= [];
      for (const token of chunk.logprobs) logprobs.push(token);
    }
    return undefined;
  });
  return { text, logprobs };
}
