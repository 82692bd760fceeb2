// POST /v1/completions
import { parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { badRequest } from "../../errors/api-error.js";
import { resolveModel } from "../../fields/model.js";
import { chooseRequestId } from "../../fields/request-id.js";
import { checkPromptLogprobs, toChoices, toSamplingParams } from "../../fields/sampling.js";
import { toRequestOptions } from "../../fields/serving.js";
import { toUsageOptions } from "../../fields/streaming.js";
import { COMPLETION_UNIMPLEMENTED, refuseUnimplemented } from "../../fields/unimplemented.js";
import { collectOutputs } from "../../generation/collect.js";
import { submitAll } from "../../generation/generation.js";
import { logTokens, replyWithStream } from "../../generation/reply-with-stream.js";
import { logRequest } from "../../logging/log-request.js";
import { completionChunks, encodePrompts, toCompletion } from "./convert.js";
import { completionSchema } from "./schema.js";

/** OpenAI's default for text completions. */
const DEFAULT_MAX_TOKENS = 16;

export function completions(context: ServerContext): RouteHandler {
  const { engine, limits, metrics, servedModelNames, maxBodyBytes } = context;
  return async (c) => {
    const json = parseJson(await readBody(c.req.raw, maxBodyBytes), { name: "prompt", maxCount: limits.maxTokenIds });
    const body = validate(completionSchema, json);
    const model = resolveModel(servedModelNames, body.model);
    refuseUnimplemented(json, COMPLETION_UNIMPLEMENTED);
    const usage = toUsageOptions(body);
    const n = toChoices(body);
    checkPromptLogprobs(body, usage !== null);
    if (body.max_tokens === 0 && !body.echo) {
      throw badRequest("`max_tokens` must be at least 1; 0 is for `echo: true`, the prompt alone.", "max_tokens");
    }
    const jobs = await encodePrompts(context, body);
    limits.checkChoices(jobs.length, n);

    // An echoed prompt has the logprobs that the output has.
    const scored = body.echo ? { ...body, prompt_logprobs: body.prompt_logprobs ?? body.logprobs } : body;
    const params = toSamplingParams(scored, Math.max(1, body.max_tokens ?? DEFAULT_MAX_TOKENS), body.logprobs);
    const options = toRequestOptions(context, body, c.get("keyIndex"));
    const generations = submitAll(engine, metrics, jobs, params, n, options, c.req.raw.signal);
    const id = `cmpl-${chooseRequestId(c, body.request_id)}`;
    logRequest(context, c, json);
    const created = Math.floor(Date.now() / 1000);
    if (usage) return replyWithStream(c, context, generations, { id, created, model, usage, format: completionChunks });
    logTokens(c, generations);
    return c.json(toCompletion(id, created, model, generations, await collectOutputs(generations), body));
  };
}
