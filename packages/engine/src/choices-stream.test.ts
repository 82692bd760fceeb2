import { expect, test } from "vitest";
import { ChoicesStream } from "./choices-stream.js";
import type { OutputChunk, PositionLogprobs, RequestStream } from "./engine.js";

const chunk = (index: number): OutputChunk => {
  return { index, text: "", tokenIds: [index], finishReason: "length", stopReason: null, weightVersion: "w" };
};

/** A stream of one chunk, which comes with `ready`; then its prompt is scored. */
function choice(
  index: number,
  ready: Promise<void>,
  promptLogprobs: (PositionLogprobs | null)[] | null,
): RequestStream {
  return {
    promptTokenIds: Int32Array.of(1, 2),
    numCachedTokens: 0,
    queueSeconds: 0,
    promptLogprobs,
    abort: () => {},
    async *[Symbol.asyncIterator]() {
      await ready;
      promptLogprobs?.push({ tokenId: 2, token: "", logprob: -1, rank: 1, top: [] });
      yield chunk(index);
    },
  };
}

test.each([
  [[null], [0, 1]],
  [null, [1, 0]],
])("with prompt logprobs %j, chunks come as %j where the second choice overtakes the first", async (scores, order) => {
  let begin = () => {};
  const later = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const promptLogprobs = scores && [...scores];
  const stream = new ChoicesStream([choice(0, later, promptLogprobs), choice(1, Promise.resolve(), null)]);
  setTimeout(begin, 10);
  const indices: number[] = [];
  for await (const { index } of stream) {
    indices.push(index);
    if (promptLogprobs) expect(stream.promptLogprobs, "complete from the first chunk on").toHaveLength(2);
  }
  expect(scores ? [...indices].sort() : indices).toEqual(order);
});
