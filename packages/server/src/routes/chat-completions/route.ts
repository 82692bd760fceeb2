// POST /v1/chat/completions
import { parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { resolveModel } from "../../fields/model.js";
import { chooseRequestId } from "../../fields/request-id.js";
import { checkPromptLogprobs, toChoices, toSamplingParams } from "../../fields/sampling.js";
import { toRequestOptions } from "../../fields/serving.js";
import { toUsageOptions } from "../../fields/streaming.js";
import { CHAT_UNIMPLEMENTED, refuseUnimplemented } from "../../fields/unimplemented.js";
import { collectOutputs } from "../../generation/collect.js";
import { submitAll } from "../../generation/generation.js";
import { logTokens, replyWithStream } from "../../generation/reply-with-stream.js";
import { logRequest } from "../../logging/log-request.js";
import { chatChunks, encodeMessages, toChatCompletion, toTopLogprobs } from "./convert.js";
import { chatSchema } from "./schema.js";

export function chatCompletions(context: ServerContext): RouteHandler {
  const { engine, limits, metrics, servedModelNames, maxBodyBytes } = context;
  return async (c) => {
    const json = parseJson(await readBody(c.req.raw, maxBodyBytes));
    limits.checkMessageCount(json.messages);
    const body = validate(chatSchema, json);
    const model = resolveModel(servedModelNames, body.model);
    refuseUnimplemented(json, CHAT_UNIMPLEMENTED);
    const usage = toUsageOptions(body);
    const n = toChoices(body);
    limits.checkChoices(1, n);
    checkPromptLogprobs(body, usage !== null);
    const logprobs = toTopLogprobs(body, engine.info.maxLogprobs);
    const maxTokensField = body.max_completion_tokens === undefined ? "max_tokens" : "max_completion_tokens";
    const maxTokens = body[maxTokensField];
    const prompt = await encodeMessages(context, body);
    limits.checkTokens(prompt.length, maxTokens, { prompt: "messages", maxTokens: maxTokensField });

    const params = toSamplingParams(body, maxTokens ?? null, logprobs);
    const options = toRequestOptions(context, body, c.get("keyIndex"));
    const generations = submitAll(engine, metrics, [{ prompt }], params, n, options, c.req.raw.signal);
    const id = `chatcmpl-${chooseRequestId(c, body.request_id)}`;
    logRequest(context, c, json);
    const created = Math.floor(Date.now() / 1000);
    if (usage) return replyWithStream(c, context, generations, { id, created, model, usage, format: chatChunks });
    logTokens(c, generations);
    return c.json(toChatCompletion(id, created, model, generations, await collectOutputs(generations), body));
  };
}
