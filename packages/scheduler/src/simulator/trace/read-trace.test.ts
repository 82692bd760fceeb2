import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { formatOctavoRequest } from "./octavo-trace.js";
import { readTrace, type TraceOptions } from "./read-trace.js";
import { promptTokenIds } from "./traced-request.js";

const folder = mkdtempSync(join(tmpdir(), "octavo-trace-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string, options?: TraceOptions) {
  const file = join(folder, "trace");
  writeFileSync(file, text);
  return readTrace(file, options);
}

test("Octavo's format: sorted by arrival, from 0 on", async () => {
  const lines = [
    '{"arrival": 12.5, "prompt_tokens": 20, "output_tokens": 3, "prefixes": [{"id": "s", "tokens": 8}], "tenant": 7}',
    "",
    '{"arrival": 10, "prompt_token_ids": [5, 6, 7], "output_tokens": 1, "priority": -1}',
  ];
  const requests = await read(lines.join("\r\n"), { speed: 2 });
  expect(requests).toEqual([
    { arrival: 0, promptTokens: 3, outputTokens: 1, promptTokenIds: Int32Array.of(5, 6, 7), priority: -1 },
    { arrival: 1.25, promptTokens: 20, outputTokens: 3, prefixes: [{ id: "s", tokens: 8 }], tenant: "7" },
  ]);
  expect(await read(requests.map(formatOctavoRequest).join("\n"))).toEqual(requests);
  expect(await read(lines.join("\n"), { limit: 1 })).toHaveLength(1);
});

test("Mooncake's format: equal hash ids are equal tokens", async () => {
  const requests = await read(
    `{"timestamp": 1000, "input_length": 700, "output_length": 52, "hash_ids": [3, 4]}
{"timestamp": 1500, "input_length": 600, "output_length": 0, "hash_ids": [3, 9]}`,
  );
  expect(requests).toMatchObject([
    { arrival: 0, promptTokens: 700, outputTokens: 52 },
    { arrival: 0.5, promptTokens: 600, outputTokens: 1 },
  ]);
  const [first, second] = requests.map((request, i) => promptTokenIds(request, i));
  expect(first!.subarray(0, 512)).toEqual(second!.subarray(0, 512));
  expect(first![512]).not.toBe(second![512]);
  expect([first!.length, second!.length]).toEqual([700, 600]);
});

test("Azure's format, of both years", async () => {
  const requests = await read(
    `TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
2023-11-16 18:17:05+00:00,110,0`,
  );
  expect(requests.map(({ promptTokens, outputTokens }) => [promptTokens, outputTokens])).toEqual([
    [4808, 10],
    [3180, 8],
    [110, 1],
  ]);
  expect(requests[1]!.arrival).toBeCloseTo(0.052, 6);
  expect(requests[2]!.arrival).toBeCloseTo(1.02004, 6);
});

test("prompts: own tokens differ, shared ones do not, all are below the vocabulary", () => {
  const request = { arrival: 0, promptTokens: 300, outputTokens: 1, prefixes: [{ id: 1, tokens: 100 }] };
  const [a, b] = [promptTokenIds(request, 0, 1000), promptTokenIds(request, 1, 1000)];
  expect(a.subarray(0, 100)).toEqual(b.subarray(0, 100));
  const equal = a.subarray(100).filter((token, i) => token === b[100 + i]).length;
  expect(equal).toBeLessThan(10);
  expect(Math.max(...a, ...b)).toBeLessThan(1000);
  expect(new Set(a).size).toBeGreaterThan(200);
});

test.each([
  ["", /has no requests/],
  ["[1]", /line 1 is no JSON object/],
  ['{"arrival": 0, "prompt_tokens": 4}', /line 1: output_tokens is undefined/],
  ['{"arrival": 0, "prompt_tokens": 1.5, "output_tokens": 1}', /prompt_tokens is 1.5, a whole number/],
  ['{"arrival": 0, "prompt_tokens": 4, "output_tokens": 1, "prompt": 3}', /no field prompt;/],
  ['{"arrival": 0, "prompt_tokens": 4, "output_tokens": 1, "prefixes": [4]}', /prefix has no id/],
  ['{"arrival": 0, "prompt_token_ids": [-1], "output_tokens": 1}', /list of token ids/],
  ["TIMESTAMP,ContextTokens,GeneratedTokens\n1,2", /line 2 is no "time,/],
])("%j is refused", async (text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});

test("a file that is not there is an error with its name", async () => {
  await expect(readTrace(join(folder, "none"))).rejects.toThrow(/none cannot be read/);
});
