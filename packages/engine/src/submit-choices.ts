// All outputs of one prompt, as one stream.
import type { Choices } from "./choices.js";
import { ChoicesStream } from "./choices-stream.js";
import type { GenerateRequest, RequestStream } from "./engine.js";
import type { Prompt } from "./prompt.js";
import type { RequestOptions } from "./request-options.js";
import type { SamplingParams } from "./sampling-params.js";

/** All choices or none. @throws what `submit` throws */
export function submitChoices(
  submit: (request: GenerateRequest) => RequestStream,
  prompt: Prompt,
  params: SamplingParams,
  { bestOf, ranks }: Choices,
  options: RequestOptions,
): RequestStream {
  if (bestOf === 1) return submit({ ...options, prompt, params });
  const own = { ...params, n: 1, bestOf: 1, ...(ranks === "silently" && { logprobs: 0 }) };
  const choices: RequestStream[] = [];
  try {
    const first = submit({ ...options, prompt, params: own });
    choices.push(first);
    // The first one's prompt logprobs are those of all.
    const others = { ...own, promptLogprobs: null };
    for (let choice = 1; choice < bestOf; choice++) {
      choices.push(submit({ ...options, prompt: first.promptTokenIds, params: others, choice, forkOf: first }));
    }
  } catch (error) {
    for (const choice of choices) choice.abort();
    throw error;
  }
  return new ChoicesStream(choices);
}
