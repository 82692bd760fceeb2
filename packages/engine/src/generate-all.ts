// A list of prompts, as many at once as there is room for.
import type { Tokenizer } from "@octavo/tokenizer";
import type { Choices } from "./choices.js";
import type { RequestStream } from "./engine.js";
import { collectOutput, type RequestOutput } from "./generation.js";
import type { InFlight } from "./in-flight.js";
import { encodeAnyPrompt, type Prompt, type PromptLimits } from "./prompt.js";
import type { QueueBounds } from "./queue-bounds.js";
import type { SamplingParams } from "./sampling-params.js";

/** What it needs of an engine. */
export interface ListEngine {
  readonly info: PromptLimits;
  readonly bounds: QueueBounds;
  readonly inFlight: InFlight;
  tokenizer(): Tokenizer;
  /** Submits all choices of a prompt. */
  submit(prompt: Int32Array): RequestStream;
}

/** When one fails, the others are aborted. @throws its error */
export async function generateAll(
  { info, bounds, inFlight, tokenizer, submit }: ListEngine,
  prompts: readonly Prompt[],
  params: SamplingParams,
  choices: Choices,
): Promise<RequestOutput[]> {
  const streams: RequestStream[] = [];
  const outputs: Promise<RequestOutput>[] = [];
  try {
    for (const prompt of prompts) {
      const tokens = await encodeAnyPrompt(prompt, tokenizer, info, params);
      while (inFlight.size > 0 && !bounds.hasRoom(inFlight.size, choices.bestOf, tokens.length)) {
        await inFlight.nextEnd();
      }
      const stream = submit(tokens);
      const output = collectOutput(stream, choices);
      output.catch(() => {}); // it may fail while the next prompts still wait for room; Promise.all reports it
      streams.push(stream);
      outputs.push(output);
    }
    return await Promise.all(outputs);
  } catch (error) {
    for (const stream of streams) stream.abort();
    throw error;
  }
}
