// POST /v1/chat/completions
import { parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { toBeamSearch } from "../../fields/beam-search.js";
import { checkLogprobCount } from "../../fields/logprob-limit.js";
import { resolveModel } from "../../fields/model.js";
import { chooseRequestId } from "../../fields/request-id.js";
import { checkPromptLogprobs, shownLogprobs, toChoices, toSamplingParams } from "../../fields/sampling.js";
import { toRequestOptions } from "../../fields/serving.js";
import { toUsageOptions } from "../../fields/streaming.js";
import { toTokenView } from "../../fields/token-view.js";
import { toTruncation } from "../../fields/truncation.js";
import { CHAT_UNIMPLEMENTED, refuseUnimplemented } from "../../fields/unimplemented.js";
import { submitAll } from "../../generation/generation.js";
import { replyAtOnce, replyWithBeams, type ToReply } from "../../generation/reply-at-once.js";
import { replyWithStream } from "../../generation/reply-with-stream.js";
import { logRequest } from "../../logging/log-request.js";
import { chatChunks, encodeMessages, toChatCompletion, toTopLogprobs } from "./convert.js";
import { replyStart } from "./reply-start.js";
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
    const logprobs = toTopLogprobs(body, engine.info);
    const shownTokens = shownLogprobs(body, logprobs, "`logprobs: true`");
    const choices = toChoices(body, usage !== null, logprobs);
    limits.checkChoices(1, choices.bestOf);
    checkPromptLogprobs(body, usage !== null);
    const maxTokensField = body.max_completion_tokens === undefined ? "max_tokens" : "max_completion_tokens";
    const maxTokens = body[maxTokensField];
    const beams = toBeamSearch(body, maxTokens ?? null, usage !== null);
    const prompt = await encodeMessages(context, body, toTruncation(body, maxTokens, limits.maxModelLen));
    limits.checkTokens(prompt.length, maxTokens, { prompt: "messages", maxTokens: maxTokensField });

    const id = `chatcmpl-${chooseRequestId(c, body.request_id)}`;
    const created = Math.floor(Date.now() / 1000);
    const view = toTokenView(body);
    const start = replyStart(body);
    const toReply: ToReply = (outputs, total) =>
      toChatCompletion(id, created, model, outputs, total, view, start, body);
    const options = toRequestOptions(context, body, c.get("keyIndex"));
    if (beams) return replyWithBeams(c, context, json, [{ prompt }], beams, logprobs, options, toReply);
    if (!usage) {
      const shown = { prompts: [prompt], choices: choices.bestOf, maxTokens: maxTokens ?? null, logprobs: shownTokens };
      checkLogprobCount({ ...shown, promptLogprobs: body.prompt_logprobs }, engine.info);
    }
    const params = toSamplingParams(body, maxTokens ?? null, choices.ranks ? (logprobs ?? 0) : logprobs);
    const generations = submitAll(engine, metrics, [{ prompt }], params, choices.bestOf, options, c.get("signal"));
    logRequest(context, c, json);
    const format = chatChunks(start);
    if (usage) return replyWithStream(c, context, generations, { id, created, model, usage, format, view });
    return replyAtOnce(c, generations, choices, toReply);
  };
}
