import { FinishReason as Finish } from "@octavo/scheduler";
import type { Detokenizer } from "@octavo/tokenizer";
import { describe, expect, it, vi } from "vitest";
import type { OutputChunk } from "./engine.js";
import { TokenStream } from "./request-stream.js";
import { resolveSamplingParams } from "./sampling-params.js";

const END = 99;

/** Each token is one letter; "!" stops. */
function makeStream(params = {}) {
  const cancel = vi.fn();
  let stopped: string | null = null;
  const detokenizer = {
    push(id: number) {
      const letter = String.fromCharCode(id);
      if (letter === "!") stopped = "!";
      return stopped ? "" : letter;
    },
    finish: () => "~",
    get stopped() {
      return stopped;
    },
  } as unknown as Detokenizer;
  const resolved = resolveSamplingParams(params, { defaults: {}, vocabSize: 200, maxModelLen: 64, numPromptTokens: 1 });
  return {
    cancel,
    stream: new TokenStream(1, Int32Array.of(1), detokenizer, resolved, END, { cancel, weightVersion: "w1" }),
  };
}

async function drain(stream: AsyncIterable<OutputChunk>): Promise<OutputChunk[]> {
  const chunks: OutputChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const code = (letter: string) => letter.charCodeAt(0);

describe("TokenStream", () => {
  it("hands out what came before and after the consumer asked", async () => {
    const { stream } = makeStream();
    stream.accept(code("a"), Finish.none, 3);
    const chunks = drain(stream);
    await Promise.resolve();
    stream.accept(code("b"), Finish.none, 3);
    stream.accept(code("c"), Finish.length, 3);
    expect((await chunks).map(({ text }) => text)).toEqual(["a", "b", "c~"]);
    expect((await chunks).at(-1)).toMatchObject({ finishReason: "length", stopReason: null });
    expect(stream.numCachedTokens).toBe(3);
  });

  it("leaves the stop token out of the text and names it unless it is the end token", async () => {
    const ended = makeStream().stream;
    ended.accept(END, Finish.stop, 0);
    expect(await drain(ended)).toEqual([
      { index: 0, text: "~", tokenIds: [END], finishReason: "stop", stopReason: null, weightVersion: "w1" },
    ]);
    const stopped = makeStream().stream;
    stopped.accept(code("a"), Finish.stop, 0);
    expect((await drain(stopped))[0]).toMatchObject({ text: "~", stopReason: code("a") });
    const kept = makeStream({ includeStopStrInOutput: true }).stream;
    kept.accept(code("a"), Finish.stop, 0);
    expect((await drain(kept))[0]).toMatchObject({ text: "a~" });
  });

  it("cancels the request when a stop string appears, but not when it had ended anyway", async () => {
    const early = makeStream();
    early.stream.accept(code("!"), Finish.none, 0);
    expect(early.cancel).toHaveBeenCalledWith(1);
    expect((await drain(early.stream))[0]).toMatchObject({ finishReason: "stop", stopReason: "!" });
    const late = makeStream();
    late.stream.accept(code("!"), Finish.length, 0);
    expect(late.cancel).not.toHaveBeenCalled();
    expect((await drain(late.stream))[0]).toMatchObject({ finishReason: "stop", stopReason: "!" });
  });

  it("aborts when the consumer leaves, once", async () => {
    const { stream, cancel } = makeStream();
    stream.accept(code("a"), Finish.none, 0);
    for await (const _ of stream) break;
    stream.abort();
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it("answers several that wait, in order, and those left over at the end", async () => {
    const { stream } = makeStream();
    const asked = [stream.next(), stream.next(), stream.next()];
    stream.accept(code("a"), Finish.none, 0);
    stream.accept(code("b"), Finish.length, 0);
    const results = await Promise.all(asked);
    expect(results.map(({ value }) => value?.text)).toEqual(["a", "b~", undefined]);
    expect(results[2]!.done).toBe(true);
  });

  it("tells of an output that goes round in circles", async () => {
    const { stream } = makeStream();
    stream.accept(code("a"), Finish.repetition, 0);
    expect(await drain(stream)).toMatchObject([
      { text: "a~", finishReason: "repetition", stopReason: "repetition_detected" },
    ]);
  });

  it("gathers so many tokens in a chunk, but the first and the last come at once", async () => {
    const position = (tokenId: number) => ({ tokenId, token: "", logprob: -1, rank: 1, top: [] });
    const { stream } = makeStream({ streamInterval: 3, logprobs: 0 });
    for (const letter of "abcdefg") {
      stream.acceptLogprobs(position(code(letter)));
      stream.accept(code(letter), letter === "g" ? Finish.length : Finish.none, 0);
    }
    const chunks = await drain(stream);
    expect(chunks.map(({ text }) => text)).toEqual(["a", "bcd", "efg~"]);
    expect(chunks.map(({ tokenIds }) => tokenIds.map((id) => String.fromCharCode(id)).join(""))).toEqual([
      "a",
      "bcd",
      "efg",
    ]);
    expect(chunks.map(({ logprobs }) => logprobs!.map(({ tokenId }) => tokenId))).toEqual(
      chunks.map(({ tokenIds }) => tokenIds),
    );
    expect(chunks.map(({ finishReason }) => finishReason)).toEqual([null, null, "length"]);
  });

  it("gives what it has gathered when it is aborted, or fails", async () => {
    const begin = () => {
      const { stream } = makeStream({ streamInterval: 9 });
      for (const letter of "abc") stream.accept(code(letter), Finish.none, 0);
      return stream;
    };
    const aborted = begin();
    aborted.abort();
    expect((await drain(aborted)).map(({ text, finishReason }) => [text, finishReason])).toEqual([
      ["a", null],
      ["bc", "abort"],
    ]);
    const failed = begin();
    failed.fail(new Error("broken") as never);
    expect([(await failed.next()).value?.text, (await failed.next()).value?.text]).toEqual(["a", "bc"]);
    await expect(failed.next()).rejects.toThrowError("broken");
  });

  it("fails when the logits were not finite", async () => {
    const { stream } = makeStream();
    stream.accept(-1, Finish.error, 0);
    await expect(stream.next()).rejects.toThrowError(/no finite logits/);
  });

  it("gives the chunks that came before an error, then the error", async () => {
    const { stream } = makeStream();
    stream.accept(code("a"), Finish.none, 0);
    stream.fail(new Error("broken") as never);
    const iterator = stream[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatchObject({ text: "a" });
    await expect(iterator.next()).rejects.toThrowError("broken");
  });

  it("ends with what it has when its time is up", async () => {
    const { stream, cancel } = makeStream();
    stream.accept(code("a"), Finish.none, 3);
    stream.accept(-1, Finish.timeout, 3);
    expect(await drain(stream)).toMatchObject([
      { text: "a", finishReason: null },
      { text: "~", tokenIds: [], finishReason: "abort", stopReason: "timeout" },
    ]);
    expect(cancel).not.toHaveBeenCalled();
    const waiting = makeStream().stream;
    waiting.accept(-1, Finish.timeout, -1);
    expect(waiting.numCachedTokens).toBe(0);
  });
});
