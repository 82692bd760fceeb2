// `echo`: the prompt comes before the output, as if it had been generated. The first chunk carries it.
import type { OutputChunk, RequestStream } from "@octavo/engine";
import type { ScoredToken } from "./scored-token.js";

/** An engine's chunk, of which the first may begin with the prompt. */
export interface ReplyChunk extends Omit<OutputChunk, "logprobs"> {
  readonly logprobs?: readonly ScoredToken[] | undefined;
}

export interface Echo {
  /** The prompt's text. */
  readonly text: string;
  /** The text of its first token, which has no logprob. */
  readonly firstToken: string;
  /** Show the prompt alone: the engine had to generate one token. */
  readonly only: boolean;
}

/** The first chunk of a choice with the prompt, `tokenIds`, before it. */
export function withPrompt(
  chunk: OutputChunk,
  { text, firstToken, only }: Echo,
  tokenIds: Int32Array,
  promptLogprobs: RequestStream["promptLogprobs"],
): ReplyChunk {
  const prompt = promptLogprobs?.map((position): ScoredToken => {
    return position ?? { tokenId: tokenIds[0]!, token: firstToken, logprob: null, top: null };
  });
  if (only) {
    const logprobs = chunk.logprobs && prompt;
    return { ...chunk, text, tokenIds: [], logprobs, finishReason: "length", stopReason: null };
  }
  return { ...chunk, text: text + chunk.text, logprobs: chunk.logprobs && [...(prompt ?? []), ...chunk.logprobs] };
}
