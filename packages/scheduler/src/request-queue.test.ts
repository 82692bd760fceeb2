import { KvCacheManager } from "@octavo/kv-cache";
import { expect, test } from "vitest";
import { Request } from "./request.js";
import { RequestQueue } from "./request-queue.js";

const kvCache = new KvCacheManager({ numBlocks: 2, blockSize: 1 });

function createRequest(id: number): Request {
  const empty = new Int32Array(0);
  const spec = { id, promptTokens: Int32Array.of(1), maxTokens: 1, stopTokenIds: empty, rowInit: empty };
  return new Request(spec, id, 2, kvCache.createTables());
}

function idsOf(queue: RequestQueue): number[] {
  return Array.from({ length: queue.length }, (_, i) => queue.at(i).id);
}

test("behaves like an array under random pushes, pops and removals", () => {
  const queue = new RequestQueue();
  const expected: Request[] = [];
  let state = 1;
  for (let id = 0; id < 5000; id++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const action = (state >>> 16) % 8;
    const victim = expected[(state >>> 20) % Math.max(1, expected.length)];
    // Grows for the first half, then shrinks.
    if (action < (id < 2500 ? 5 : 2)) {
      const request = createRequest(id);
      if (action === 0) {
        queue.pushFront(request);
        expected.unshift(request);
      } else {
        queue.pushBack(request);
        expected.push(request);
      }
    } else if (victim && action % 2 === 0) {
      queue.remove(victim);
      expected.splice(expected.indexOf(victim), 1);
    } else if (victim) {
      expect(queue.popFront()).toBe(expected.shift());
    }
    if (id % 50 === 0) expect(idsOf(queue)).toEqual(expected.map((request) => request.id));
  }
});

test("an empty queue has no front", () => {
  expect(() => new RequestQueue().popFront()).toThrow("request 0 of a queue of 0");
});
