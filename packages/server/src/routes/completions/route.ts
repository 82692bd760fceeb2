// POST /v1/completions
import { parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { badRequest } from "../../errors/api-error.js";
import { toBeamSearch } from "../../fields/beam-search.js";
import { checkLogprobCount } from "../../fields/logprob-limit.js";
import { resolveModel } from "../../fields/model.js";
import { chooseRequestId } from "../../fields/request-id.js";
import { checkPromptLogprobs, shownLogprobs, toChoices, toSamplingParams } from "../../fields/sampling.js";
import { toRequestOptions } from "../../fields/serving.js";
import { toUsageOptions } from "../../fields/streaming.js";
import { toTokenView } from "../../fields/token-view.js";
import { COMPLETION_UNIMPLEMENTED, refuseUnimplemented } from "../../fields/unimplemented.js";
import { submitAll } from "../../generation/generation.js";
import { replyAtOnce, replyWithBeams, type ToReply } from "../../generation/reply-at-once.js";
import { replyWithStream } from "../../generation/reply-with-stream.js";
import { logRequest } from "../../logging/log-request.js";
import { completionChunks, DEFAULT_MAX_TOKENS, encodePrompts, toCompletion } from "./convert.js";
import { completionSchema } from "./schema.js";

export function completions(context: ServerContext): RouteHandler {
  const { engine, limits, metrics, servedModelNames, maxBodyBytes } = context;
  return async (c) => {
    const json = parseJson(await readBody(c.req.raw, maxBodyBytes), { name: "prompt", maxCount: limits.maxTokenIds });
    const body = validate(completionSchema, json);
    const model = resolveModel(servedModelNames, body.model);
    refuseUnimplemented(json, COMPLETION_UNIMPLEMENTED);
    const usage = toUsageOptions(body);
    const choices = toChoices(body, usage !== null, body.logprobs);
    checkPromptLogprobs(body, usage !== null);
    if (body.max_tokens === 0 && !body.echo) {
      throw badRequest("`max_tokens` must be at least 1; 0 is for `echo: true`, the prompt alone.", "max_tokens");
    }
    if (body.max_tokens === 0 && body.logprob_token_ids?.length) {
      throw badRequest("`logprob_token_ids` are of output tokens, and `max_tokens` is 0.", "logprob_token_ids");
    }
    const maxTokens = Math.max(1, body.max_tokens ?? DEFAULT_MAX_TOKENS);
    const beams = toBeamSearch(body, maxTokens, usage !== null);
    const jobs = await encodePrompts(context, body);
    limits.checkChoices(jobs.length, choices.bestOf);

    const id = `cmpl-${chooseRequestId(c, body.request_id)}`;
    const created = Math.floor(Date.now() / 1000);
    const view = toTokenView(body);
    const toReply: ToReply = (outputs, total) => toCompletion(id, created, model, outputs, total, view, body);
    const options = toRequestOptions(context, body, c.get("keyIndex"));
    if (beams) return replyWithBeams(c, context, json, jobs, beams, body.logprobs, options, toReply);
    const logprobs = shownLogprobs(body, body.logprobs, "`logprobs` (0 suffices)");
    // An echoed prompt has the logprobs that the output has.
    const scored = body.echo ? { ...body, prompt_logprobs: body.prompt_logprobs ?? body.logprobs } : body;
    if (!usage) {
      const shown = { prompts: jobs.map(({ prompt }) => prompt), choices: choices.bestOf, maxTokens };
      const promptLogprobs = scored.prompt_logprobs;
      checkLogprobCount({ ...shown, logprobs, promptLogprobs }, engine.info);
    }
    const params = toSamplingParams(scored, maxTokens, choices.ranks ? (body.logprobs ?? 0) : body.logprobs);
    const generations = submitAll(engine, metrics, jobs, params, choices.bestOf, options, c.get("signal"));
    logRequest(context, c, json);
    const format = completionChunks;
    if (usage) return replyWithStream(c, context, generations, { id, created, model, usage, format, view });
    return replyAtOnce(c, generations, choices, toReply);
  };
}
