// Streams generations as server-sent events. What does not change from token to token is prepared once a request, so that
// a token costs one JSON.stringify of its text.
import type { FinishReason } from "@octavo/engine";
import type { UsageOptions } from "../fields/streaming.js";
import type { TokenView } from "../fields/token-view.js";
import { joinSlices } from "../json/slices.js";
import { BodyStream } from "../streaming/body-stream.js";
import { systemFingerprint } from "../version.js";
import type { ReplyChunk } from "./echo.js";
import type { Generation } from "./generation.js";
import type { LogprobsJson } from "./logprobs-json.js";
import { usageOf } from "./usage.js";

/** How one route spells its chunks. */
export interface ChunkFormat {
  readonly object: "chat.completion.chunk" | "text_completion";
  /** Where `prompt_token_ids` stand, where they are asked for: in the first choice, or beside it. */
  readonly promptTokenIds: "choice" | "reply";
  /** JSON of the choice that comes before a generation's first one; null for none. */
  opening(index: number): string | null;
  /** JSON of a choice that carries `text` and does not end the output. @param fields JSON of the fields about its tokens */
  delta(index: number, text: string, fields: string): string;
  /** JSON of a choice that ends the output. */
  last(
    index: number,
    text: string,
    fields: string,
    finishReason: FinishReason,
    stopReason: string | number | null,
  ): string;
  logprobs(view: TokenView): LogprobsJson;
}

export interface StreamReply {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly usage: UsageOptions;
  readonly format: ChunkFormat;
  readonly view: TokenView;
  /** Tells a failure as the client shall see it. */
  readonly describeError: (error: unknown) => string;
}

export const DONE = "data: [DONE]\n\n";

/** The reply's body, and a promise that is fulfilled when it is complete or the client has gone. */
export function streamReply(
  generations: readonly Generation[],
  reply: StreamReply,
): { body: ReadableStream<Uint8Array>; finished: Promise<void> } {
  const abort = () => {
    for (const generation of generations) generation.abort();
  };
  const events = new BodyStream(abort);
  return { body: events.body, finished: writeAll(events, generations, reply, abort) };
}

async function writeAll(
  events: BodyStream,
  generations: readonly Generation[],
  reply: StreamReply,
  abort: () => void,
): Promise<void> {
  const { id, created, model, usage, format, view } = reply;
  const head = `data: {"id":${JSON.stringify(id)},"object":"${format.object}","created":${created},"model":${JSON.stringify(model)},"choices":[`;
  try {
    await Promise.all(
      generations.map((generation, index) => writeOne(events, generation, index, head, usage, format, view)),
    );
    if (usage.final) await events.write(`${head}],"usage":${JSON.stringify(usageOf(generations))}}\n\n`);
  } catch (error) {
    abort();
    await events.write(`data: ${reply.describeError(error)}\n\n`);
  }
  await events.write(DONE);
  events.close();
}

function writeOne(
  events: BodyStream,
  generation: Generation,
  index: number,
  head: string,
  usage: UsageOptions,
  format: ChunkFormat,
  view: TokenView,
): Promise<void> {
  const own = [generation];
  const tail = () => (usage.continuous ? `,"usage":${JSON.stringify(usageOf(own))}}\n\n` : "}\n\n");
  const promptIds = view.returnTokenIds ? `,"prompt_token_ids":[${generation.job.prompt.join()}]` : "";
  const openingTail = (format.promptTokenIds === "reply" ? promptIds : "") + tail();
  const toLogprobs = format.logprobs(view);
  let firstFields = format.promptTokenIds === "choice" ? promptIds : "";
  let opening = format.opening(index);
  const write = (chunk: ReplyChunk, logprobs: string) => {
    let text = "";
    if (opening !== null) {
      text = `${head}${opening}]${openingTail}`;
      opening = null;
    }
    const ids = view.returnTokenIds ? `,"token_ids":[${chunk.tokenIds.join()}]` : "";
    const fields = `"logprobs":${logprobs}${ids}${firstFields}`;
    firstFields = "";
    if (chunk.finishReason === null) {
      return events.write(`${text}${head}${format.delta(index, chunk.text, fields)}]${tail()}`);
    }
    const last = format.last(index, chunk.text, fields, chunk.finishReason, chunk.stopReason);
    const metadata = `"metadata":{"weight_version":${JSON.stringify(chunk.weightVersion)}}`;
    return events.write(`${text}${head}${last}],"system_fingerprint":"${systemFingerprint}",${metadata}${tail()}`);
  };
  return generation.run((chunk) => {
    const logprobs = chunk.logprobs ? joinSlices(toLogprobs(chunk.logprobs)) : "null";
    return typeof logprobs === "string" ? write(chunk, logprobs) : logprobs.then((json) => write(chunk, json));
  });
}
