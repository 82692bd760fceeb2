// Between OpenAI's completion shapes and the engine's.
import type { Tokenizer } from "@octavo/tokenizer";
import type { ServerContext } from "../../context.js";
import { badRequest } from "../../errors/api-error.js";
import type { TokenView } from "../../fields/token-view.js";
import { toTruncation } from "../../fields/truncation.js";
import type { Output } from "../../generation/collect.js";
import type { Echo } from "../../generation/echo.js";
import type { PromptJob } from "../../generation/generation.js";
import { promptLogprobsJson } from "../../generation/scored-token.js";
import type { ChunkFormat } from "../../generation/stream-reply.js";
import type { Usage } from "../../generation/usage.js";
import { RawJson } from "../../json/json-pieces.js";
import { otherEvents } from "../../other-events.js";
import { systemFingerprint } from "../../version.js";
import { completionLogprobs } from "./logprobs.js";
import type { CompletionBody } from "./schema.js";

/** OpenAI's default for text completions. */
export const DEFAULT_MAX_TOKENS = 16;

type Prompt = string | Int32Array;

/** Every prompt as token ids, with its text to echo. @throws ApiError 400 that names the prompt or element at fault */
export async function encodePrompts({ engine, limits }: ServerContext, body: CompletionBody): Promise<PromptJob[]> {
  const isList = Array.isArray(body.prompt) && typeof body.prompt[0] !== "number";
  if (isList) limits.checkPromptCount(body.prompt.length);
  const cut = toTruncation(body, body.max_tokens ?? DEFAULT_MAX_TOKENS, limits.maxModelLen);
  const maxIds = cut ? limits.maxTokenIds : limits.maxModelLen;
  const prompts = toPrompts(body.prompt, engine.info.vocabSize, maxIds);
  const pathOf = (index: number) => (isList ? `prompt[${index}]` : "prompt");
  prompts.forEach((prompt, index) => {
    if (typeof prompt === "string" && !cut) limits.checkLength(prompt.length, pathOf(index));
  });
  const addSpecialTokens = body.add_special_tokens ?? true;
  const encode = (cut ? limits.encodeToCut : limits.encode).bind(limits);
  const jobs: PromptJob[] = [];
  for (const prompt of prompts) {
    const path = pathOf(jobs.length);
    if (jobs.length > 0) await otherEvents();
    const whole = typeof prompt === "string" ? await encode(prompt, { addSpecialTokens }, path) : prompt;
    const ids = cut ? cut(whole) : whole;
    if (ids.length === 0) throw badRequest(`\`${path}\` must not be empty.`, path);
    limits.checkTokens(ids.length, body.max_tokens, { prompt: path, maxTokens: "max_tokens" });
    const shown = ids === whole ? prompt : ids;
    jobs.push({ prompt: ids, echo: body.echo ? toEcho(engine.tokenizer, shown, ids, body) : undefined });
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

/** Tells the four forms of `prompt` apart. @param name the field that it stands in */
export function toPrompts(
  prompt: CompletionBody["prompt"],
  vocabSize: number,
  maxModelLen: number,
  name = "prompt",
): Prompt[] {
  if (typeof prompt === "string") return [prompt];
  if (typeof prompt[0] === "number") return [toTokenIds(prompt, name, vocabSize, maxModelLen)];
  return prompt.map((element, index) => {
    const path = `${name}[${index}]`;
    if (typeof element === typeof prompt[0]) {
      if (typeof element === "string") return element;
      if (Array.isArray(element)) return toTokenIds(element, path, vocabSize, maxModelLen);
    }
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
  outputs: readonly Output[],
  usage: Usage,
  view: TokenView,
  { prompt_logprobs: promptLogprobs }: CompletionBody,
) {
  return {
    id,
    object: "text_completion",
    created,
    model,
    choices: outputs.map(({ source, text, tokenIds, logprobs }, index) => {
      return {
        index,
        text,
        logprobs: logprobs && new RawJson(completionLogprobs(view)(logprobs)),
        finish_reason: source.finishReason,
        stop_reason: source.stopReason,
        ...(promptLogprobs !== undefined && {
          prompt_logprobs: new RawJson(promptLogprobsJson(source.promptLogprobs ?? [])),
        }),
        ...(view.returnTokenIds && { token_ids: tokenIds, prompt_token_ids: [...source.job.prompt] }),
      };
    }),
    system_fingerprint: systemFingerprint,
    usage,
    metadata: { weight_version: outputs[0]!.source.weightVersion },
  };
}

export const completionChunks: ChunkFormat = {
  object: "text_completion",
  promptTokenIds: "choice",
  opening: () => null,
  delta: (index, text, fields) =>
    `{"index":${index},"text":${JSON.stringify(text)},${fields},"finish_reason":null,"stop_reason":null}`,
  last: (index, text, fields, finishReason, stopReason) =>
    `{"index":${index},"text":${JSON.stringify(text)},${fields},"finish_reason":"${finishReason}","stop_reason":${JSON.stringify(stopReason)}}`,
  logprobs: completionLogprobs,
};
