// POST /tokenize and POST /detokenize: the model's tokenizer, without the model.
import { type JsonObject, parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { resolveModel } from "../../fields/model.js";
import { refuseUnimplemented, TOKENIZE_UNIMPLEMENTED } from "../../fields/unimplemented.js";
import { encodeMessages } from "../chat-completions/convert.js";
import { toTokenIds } from "../completions/convert.js";
import { detokenizeSchema, tokenizeChatSchema, tokenizeTextSchema } from "./schema.js";

export function tokenize(context: ServerContext): RouteHandler {
  const { engine, maxBodyBytes } = context;
  return async (c) => {
    const json = parseJson(await readBody(c.req.raw, maxBodyBytes));
    const form = json.messages == null ? tokenizeText : tokenizeChat;
    const { ids, withStrings } = await form(context, json);
    return c.json({
      count: ids.length,
      max_model_len: engine.info.maxModelLen,
      tokens: Array.from(ids),
      token_strs: withStrings ? Array.from(ids, (id) => engine.tokenizer.tokenOf(id)) : null,
    });
  };
}

interface Tokenized {
  readonly ids: Int32Array;
  readonly withStrings: boolean;
}

async function tokenizeText(context: ServerContext, json: JsonObject): Promise<Tokenized> {
  const { limits, servedModelNames } = context;
  const body = validate(tokenizeTextSchema, json);
  resolveModel(servedModelNames, body.model);
  refuseUnimplemented(json, TOKENIZE_UNIMPLEMENTED);
  const options = { addSpecialTokens: body.add_special_tokens ?? true };
  const ids = await limits.encodeToCut(body.prompt, options, "prompt");
  return { ids, withStrings: body.return_token_strs ?? false };
}

async function tokenizeChat(context: ServerContext, json: JsonObject): Promise<Tokenized> {
  context.limits.checkMessageCount(json.messages);
  const body = validate(tokenizeChatSchema, json);
  resolveModel(context.servedModelNames, body.model);
  refuseUnimplemented(json, TOKENIZE_UNIMPLEMENTED);
  return { ids: await encodeMessages(context, body), withStrings: body.return_token_strs ?? false };
}

export function detokenize({ engine, limits, servedModelNames, maxBodyBytes }: ServerContext): RouteHandler {
  return async (c) => {
    const ids = { name: "tokens", maxCount: limits.maxTokenIds };
    const body = validate(detokenizeSchema, parseJson(await readBody(c.req.raw, maxBodyBytes), ids));
    resolveModel(servedModelNames, body.model);
    const tokens = toTokenIds(body.tokens, "tokens", engine.info.vocabSize);
    return c.json({ prompt: engine.tokenizer.decode(tokens, { skipSpecialTokens: false }) });
  };
}
