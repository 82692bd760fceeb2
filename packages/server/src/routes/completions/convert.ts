// Between OpenAI's completion shapes and the engine's.
import type { Tokenizer } from "@octavo/tokenizer";
import type { ServerContext } from "../../context.js";
import { badRequest } from "../../errors/api-error.js";
import { otherEvents } from "../../fields/prompt-limits.js";
import type { Output } from "../../generation/collect.js";
import type { Echo } from "../../generation/echo.js";
import type { Generation, PromptJob } from "../../generation/generation.js";
import { toPromptLogprobs } from "../../generation/scored-token.js";
import type { ChunkFormat } from "../../generation/stream-reply.js";
import { usageOf } from "../../generation/usage.js";
import { systemFingerprint } from "../../version.js";
import { completionLogprobs } from "./logprobs.js";
import type { CompletionBody } from "./schema.js";

type Prompt = string | Int32Array;

/** Every prompt as token ids, with its text to echo. @throws ApiError 400 that names the prompt or element at fault */
export async function encodePrompts({ engine, limits }: ServerContext, body: CompletionBody): Promise<PromptJob[]> {
  const isList = Array.isArray(body.prompt) && typeof body.prompt[0] !== "number";
  if (isList) limits.checkPromptCount(body.prompt.length);
  const prompts = toPrompts(body.prompt, engine.info.vocabSize, limits.maxModelLen);
  const pathOf = (index: number) => (isList ? `prompt[${index}]` : "prompt");
  prompts.forEach((prompt, index) => {
    if (typeof prompt === "string") limits.checkLength(prompt.length, pathOf(index));
  });
  const addSpecialTokens = body.add_special_tokens ?? true;
  const jobs: PromptJob[] = [];
  for (const prompt of prompts) {
    const path = pathOf(jobs.length);
    if (jobs.length > 0) await otherEvents();
    const ids = typeof prompt === "string" ? await limits.encode(prompt, { addSpecialTokens }, path) : prompt;
    if (ids.length === 0) throw badRequest(`\`${path}\` must not be empty.`, path);
    limits.checkTokens(ids.length, body.max_tokens, { prompt: path, maxTokens: "max_tokens" });
    jobs.push({ prompt: ids, echo: body.echo ? toEcho(engine.tokenizer, prompt, ids, body) : undefined });
  }
  return jobs;
}

function toEcho(tokenizer: Tokenizer, prompt: Prompt, ids: Int32Array, body: CompletionBody): Echo {
  const skipSpecialTokens = body.skip_special_tokens ?? true;
  return {
    text: typeof prompt === "string" ? prompt : tokenizer.decode(ids, { skipSpecialTokens }),
    firstToken: tokenizer.decode(ids.subarray(0, 1), { skipSpecialTokens: false }),
    only: body.max_tokens === 0,
  };
}

/** Tells the four forms of `prompt` apart. */
function toPrompts(prompt: CompletionBody["prompt"], vocabSize: number, maxModelLen: number): Prompt[] {
  if (typeof prompt === "string") return [prompt];
  if (typeof prompt[0] === "number") return [toTokenIds(prompt, "prompt", vocabSize, maxModelLen)];
  return prompt.map((element, index) => {
    if (typeof element === typeof prompt[0]) {
      if (typeof element === "string") return element;
      if (Array.isArray(element)) return toTokenIds(element, `prompt[${index}]`, vocabSize, maxModelLen);
    }
    const path = `prompt[${index}]`;
    throw badRequest(`\`${path}\`: expected a list of strings, of token ids or of lists of token ids.`, path);
  });
}

/** Checked token ids. Too many of them are refused before they are read. */
export function toTokenIds(
  elements: readonly unknown[],
  path: string,
  vocabSize: number,
  maxCount = Number.POSITIVE_INFINITY,
): Int32Array {
  if (elements.length > maxCount) {
    throw badRequest(
      `\`${path}\` has ${elements.length} tokens, this model's context ${maxCount} (max_model_len).`,
      path,
    );
  }
  const ids = new Int32Array(elements.length);
  for (let i = 0; i < ids.length; i++) {
    const id = elements[i];
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= vocabSize) {
      const found = JSON.stringify(id)?.slice(0, 40);
      throw badRequest(
        `\`${path}[${i}]\` must be a token id from 0 to ${vocabSize - 1}, got ${found}.`,
        `${path}[${i}]`,
      );
    }
    ids[i] = id;
  }
  return ids;
}

/** The reply in one piece: the choices of the first prompt, then those of the next. */
export function toCompletion(
  id: string,
  created: number,
  model: string,
  generations: readonly Generation[],
  outputs: readonly Output[],
  { prompt_logprobs: promptLogprobs }: CompletionBody,
) {
  return {
    id,
    object: "text_completion",
    created,
    model,
    choices: generations.map((generation, index) => {
      const { text, logprobs } = outputs[index]!;
      return {
        index,
        text,
        logprobs: logprobs && completionLogprobs()(logprobs),
        finish_reason: generation.finishReason,
        stop_reason: generation.stopReason,
        ...(promptLogprobs !== undefined && { prompt_logprobs: toPromptLogprobs(generation.promptLogprobs ?? []) }),
      };
    }),
    system_fingerprint: systemFingerprint,
    usage: usageOf(generations),
    metadata: { weight_version: generations[0]!.weightVersion },
  };
}

export const completionChunks: ChunkFormat = {
  object: "text_completion",
  opening: () => null,
  delta: (index, text, logprobs) =>
    `{"index":${index},"text":${JSON.stringify(text)},"logprobs":${logprobs},"finish_reason":null,"stop_reason":null}`,
  last: (index, text, logprobs, finishReason, stopReason) =>
    `{"index":${index},"text":${JSON.stringify(text)},"logprobs":${logprobs},"finish_reason":"${finishReason}","stop_reason":${JSON.stringify(stopReason)}}`,
  logprobs: completionLogprobs,
};
