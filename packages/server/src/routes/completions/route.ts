// POST /v1/completions
import { parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { resolveModel } from "../../fields/model.js";
import { chooseRequestId } from "../../fields/request-id.js";
import { toSamplingParams } from "../../fields/sampling.js";
import { toUsageOptions } from "../../fields/streaming.js";
import { COMPLETION_UNIMPLEMENTED, refuseUnimplemented } from "../../fields/unimplemented.js";
import { collectTexts } from "../../generation/collect.js";
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
    const prompts = await encodePrompts(context, body);

    const params = toSamplingParams(body, body.max_tokens ?? DEFAULT_MAX_TOKENS);
    const generations = submitAll(engine, metrics, prompts, params, c.req.raw.signal);
    const id = `cmpl-${chooseRequestId(c, body.request_id)}`;
    logRequest(context, c, json);
    const created = Math.floor(Date.now() / 1000);
    if (usage) return replyWithStream(c, context, generations, { id, created, model, usage, format: completionChunks });
    logTokens(c, generations);
    return c.json(toCompletion(id, created, model, generations, await collectTexts(generations)));
  };
}
