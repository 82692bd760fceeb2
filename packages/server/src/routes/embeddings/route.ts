// POST /v1/embeddings
import type { EmbeddingOutput, EmbedOptions, Prompt } from "@octavo/engine";
import { parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { badRequest } from "../../errors/api-error.js";
import { resolveModel } from "../../fields/model.js";
import { otherEvents } from "../../fields/prompt-limits.js";
import { chooseRequestId } from "../../fields/request-id.js";
import { EMBEDDING_UNIMPLEMENTED, refuseUnimplemented } from "../../fields/unimplemented.js";
import { logRequest } from "../../logging/log-request.js";
import { RequestTimer } from "../../metrics/request-timer.js";
import { toPrompts } from "../completions/convert.js";
import { toEmbeddings } from "./convert.js";
import { type EmbeddingBody, embeddingSchema } from "./schema.js";

export function embeddings(context: ServerContext): RouteHandler {
  const { engine, limits, servedModelNames, maxBodyBytes } = context;
  return async (c) => {
    const json = parseJson(await readBody(c.req.raw, maxBodyBytes), { name: "input", maxCount: limits.maxTokenIds });
    const body = validate(embeddingSchema, json);
    const model = resolveModel(servedModelNames, body.model);
    refuseUnimplemented(json, EMBEDDING_UNIMPLEMENTED);
    const isList = Array.isArray(body.input) && typeof body.input[0] !== "number";
    if (isList) limits.checkPromptCount(body.input.length, "input");
    const cuts = body.truncate_prompt_tokens !== undefined;
    const inputs = toPrompts(
      body.input,
      engine.info.vocabSize,
      cuts ? limits.maxTokenIds : limits.maxModelLen,
      "input",
    );
    const outputs: Promise<EmbeddingOutput>[] = [];
    for (const [index, input] of inputs.entries()) {
      const path = isList ? `input[${index}]` : "input";
      // Between two texts others go on, and the engine begins with the first ones.
      if (index > 0) await otherEvents();
      const prompt = await encodeInput(context, input, cuts, path);
      const output = embedOne(context, prompt, toOptions(body));
      output.catch(() => {}); // it may fail while later texts are still encoded; Promise.all reports it
      outputs.push(output);
    }
    logRequest(context, c, json);
    const id = `embd-${chooseRequestId(c, body.request_id)}`;
    return c.json(toEmbeddings(id, Math.floor(Date.now() / 1000), model, await Promise.all(outputs), body));
  };
}

/** What the engine gets: token ids, or a text that it shall cut. @throws ApiError 400 that names the input */
async function encodeInput({ limits }: ServerContext, input: Prompt, cuts: boolean, path: string): Promise<Prompt> {
  if (typeof input === "string" && cuts) {
    await limits.checkCountable(input, path);
    return input;
  }
  if (typeof input === "string") limits.checkLength(input.length, path);
  const ids = typeof input === "string" ? await limits.encodeToCut(input, { addSpecialTokens: true }, path) : input;
  if (ids.length === 0) throw badRequest(`\`${path}\` must not be empty.`, path);
  if (ids.length <= limits.maxModelLen || cuts) return ids;
  throw badRequest(
    `\`${path}\` has ${ids.length} tokens, this model's context ${limits.maxModelLen} (max_model_len); shorten it, or let \`truncate_prompt_tokens\` do so.`,
    path,
  );
}

function toOptions({ dimensions, truncate_prompt_tokens: count, truncation_side: side }: EmbeddingBody): EmbedOptions {
  return {
    ...(dimensions !== undefined && { dimensions }),
    ...(count !== undefined && { truncatePromptTokens: count }),
    ...(side !== undefined && { truncationSide: side }),
  };
}

/** Measured as a request that generates no token. */
async function embedOne(
  { engine, metrics }: ServerContext,
  prompt: Prompt,
  options: EmbedOptions,
): Promise<EmbeddingOutput> {
  const timer = new RequestTimer(metrics);
  let promptTokens = 0;
  try {
    const [output] = await engine.embed([prompt], options);
    promptTokens = output!.promptTokenIds.length;
    return output!;
  } finally {
    timer.finish(promptTokens > 0 ? "stop" : "error", { promptTokens, cachedTokens: 0, queueSeconds: 0 });
  }
}
