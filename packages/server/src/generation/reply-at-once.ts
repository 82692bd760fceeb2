// Replies in one piece, of generations or of beam searches.
import type { BeamSearchParams, RequestOptions } from "@octavo/engine";
import type { Context } from "hono";
import type { JsonObject } from "../body/parse-json.js";
import type { Env, ServerContext } from "../context.js";
import type { Choices } from "../fields/sampling.js";
import { replyJson } from "../json/reply-json.js";
import { logRequest } from "../logging/log-request.js";
import { BeamGeneration } from "./beam-search.js";
import { chooseOutputs, collectOutputs, type Output } from "./collect.js";
import type { Generation, PromptJob } from "./generation.js";
import { logTokens } from "./reply-with-stream.js";
import { type Usage, usageOf } from "./usage.js";

/** How one route spells a reply, in which RawJson may stand for what is long. */
export type ToReply = (outputs: readonly Output[], usage: Usage) => object;

/** Waits for all generations; those that `best_of` makes beyond `n` count in the usage alone. */
export async function replyAtOnce(
  c: Context<Env>,
  generations: readonly Generation[],
  choices: Choices,
  toReply: ToReply,
): Promise<Response> {
  logTokens(c, generations);
  const outputs = chooseOutputs(await collectOutputs(generations), choices);
  return replyJson(c, toReply(outputs, usageOf(generations)));
}

/** @param alternatives to show with each token; undefined: no logprobs */
export async function replyWithBeams(
  c: Context<Env>,
  context: ServerContext,
  json: JsonObject,
  jobs: readonly PromptJob[],
  params: BeamSearchParams,
  alternatives: number | undefined,
  options: RequestOptions,
  toReply: ToReply,
): Promise<Response> {
  const { engine, metrics } = context;
  const searches = jobs.map((job) => new BeamGeneration(metrics, job));
  logRequest(context, c, json);
  logTokens(c, searches);
  const outputs: Output[] = [];
  const served = { ...options, signal: c.get("signal") };
  for (const search of searches) outputs.push(...(await search.run(engine, params, alternatives, served)));
  return replyJson(c, toReply(outputs, usageOf(searches)));
}
