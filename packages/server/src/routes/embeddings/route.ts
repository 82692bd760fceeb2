// POST /v1/embeddings
import type { EmbedOptions, Prompt } from "@octavo/engine";
import type { Context } from "hono";
import { parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { Env, RouteHandler, ServerContext } from "../../context.js";
import { type ApiError, badRequest } from "../../errors/api-error.js";
import { resolveModel } from "../../fields/model.js";
import { chooseRequestId } from "../../fields/request-id.js";
import { toRequestOptions } from "../../fields/serving.js";
import { EMBEDDING_UNIMPLEMENTED, refuseUnimplemented } from "../../fields/unimplemented.js";
import { logRequest } from "../../logging/log-request.js";
import { toPrompts } from "../completions/convert.js";
import { EmbeddingBatches } from "./batches.js";
import { toEmbeddings } from "./convert.js";
import { type EmbeddingBody, embeddingSchema } from "./schema.js";

export function embeddings(context: ServerContext): RouteHandler {
  const { engine, limits, servedModelNames, maxBodyBytes } = context;
  return async (c) => {
    const json = parseJson(await readBody(c.req.raw, maxBodyBytes), { name: "input", maxCount: limits.maxTokenIds });
    const body = validate(embeddingSchema, json);
    const model = resolveModel(servedModelNames, body.model);
    refuseUnimplemented(json, EMBEDDING_UNIMPLEMENTED);
    if (!engine.info.pooling) throw generates(model);
    const isList = Array.isArray(body.input) && typeof body.input[0] !== "number";
    if (isList) limits.checkPromptCount(body.input.length, "input");
    const cuts = body.truncate_prompt_tokens !== undefined;
    const inputs = toPrompts(
      body.input,
      engine.info.vocabSize,
      cuts ? limits.maxTokenIds : limits.maxModelLen,
      "input",
    );
    const id = `embd-${chooseRequestId(c, body.request_id)}`;
    const options = toOptions(context, body, c);
    const encoding = { cuts, addSpecialTokens: body.add_special_tokens ?? true };
    const batches = new EmbeddingBatches(context, options);
    for (const [index, input] of inputs.entries()) {
      const path = isList ? `input[${index}]` : "input";
      await batches.add(await encodeInput(context, input, encoding, path));
    }
    logRequest(context, c, json);
    const outputs = await batches.outputs();
    const reply = toEmbeddings(id, Math.floor(Date.now() / 1000), model, outputs, body);
    c.set("summary", () => ({ promptTokens: reply.usage.prompt_tokens, texts: outputs.length }));
    return c.json(reply);
  };
}

function generates(model: string): ApiError {
  const message = `The model \`${model}\` was loaded to generate; for embeddings start the server with --runner pooling.`;
  return badRequest(message, "model");
}

interface InputEncoding {
  readonly cuts: boolean;
  readonly addSpecialTokens: boolean;
}

/** What the engine gets: token ids, or a text that it shall cut. @throws ApiError 400 that names the input */
async function encodeInput(
  { limits }: ServerContext,
  input: Prompt,
  { cuts, addSpecialTokens }: InputEncoding,
  path: string,
): Promise<Prompt> {
  if (typeof input === "string" && cuts && addSpecialTokens) {
    await limits.checkCountable(input, path);
    return input;
  }
  if (typeof input === "string" && !cuts) limits.checkLength(input.length, path);
  const ids = typeof input === "string" ? await limits.encodeToCut(input, { addSpecialTokens }, path) : input;
  if (ids.length === 0) throw badRequest(`\`${path}\` must not be empty.`, path);
  if (ids.length <= limits.maxModelLen || cuts) return ids;
  throw badRequest(
    `\`${path}\` has ${ids.length} tokens, this model's context ${limits.maxModelLen} (max_model_len); shorten it, or let \`truncate_prompt_tokens\` do so.`,
    path,
  );
}

function toOptions(context: ServerContext, body: EmbeddingBody, c: Context<Env>): EmbedOptions {
  const { dimensions, truncate_prompt_tokens: count, truncation_side: side } = body;
  const { priority, timeoutMs } = toRequestOptions(context, body, undefined);
  return {
    ...(dimensions !== undefined && { dimensions }),
    ...(count !== undefined && { truncatePromptTokens: count }),
    ...(side !== undefined && { truncationSide: side }),
    ...(priority !== undefined && { priority }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    signal: c.get("signal"),
  };
}
