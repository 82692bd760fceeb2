import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createTestApp } from "../testing/request.js";
import { streamCompletion } from "./completion-stream.js";
import { connectToServer } from "./connect.js";

const PIECE = 'data: {"choices":[{"text":"hel"}]}\n\n';
const LAST = 'data: {"choices":[{"text":"lo","finish_reason":"stop"}]}\n\n';

/** A server that has a model `m`, and answers what is asked of it with `answer`. */
async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === "/v1/models" && request.headers.authorization !== "Bearer bad") {
      response.end('{"data": [{"id": "m"}]}');
    } else answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function ask(url: string, apiKey?: string): Promise<string> {
  await using connection = await connectToServer({ url, ...(apiKey && { apiKey }) });
  let text = "";
  for await (const piece of streamCompletion(connection.fetchPath, "/v1/completions", { model: connection.model })) {
    text += piece.text;
  }
  return text;
}

const answers = (status: number, text: string) => (response: ServerResponse) => response.writeHead(status).end(text);

test("an answer ends with [DONE], or with a finish reason", async () => {
  expect(await ask(await serve(answers(200, `${PIECE}data: [DONE]\n\n`)))).toBe("hel");
  expect(await ask(await serve(answers(200, PIECE + LAST)))).toBe("hello");
});

const cuts: (readonly [string, (response: ServerResponse) => void, RegExp])[] = [
  ["ends", answers(200, PIECE), /completions ended in the middle of its answer without saying .* Does it still run\?/],
  [
    "is cut",
    (response) => response.write(PIECE, () => setTimeout(() => response.destroy(), 20)),
    /ended in the middle of its answer \(UND_ERR_SOCKET\)/,
  ],
  ["is no JSON", answers(200, `${PIECE}data: {nope\n\n`), /answers with something else than JSON: \{nope/],
  ["has an error", answers(200, `${PIECE}data: {"error": {"message": "it died"}}\n\n`), /^it died$/],
];

test.each(cuts)("an answer that %s", async (_, answer, message) => {
  await expect(ask(await serve(answer))).rejects.toMatchObject({
    code: "INTERNAL",
    message: expect.stringMatching(message),
  });
});

test.each([
  [
    404,
    '{"error": {"message": "no model m"}}',
    /^http:\S+\/v1\/completions answers 404: no model m http:\S+\/v1\/models lists/,
  ],
  [404, "<html>\n <h1>nginx</h1>", /answers 404: <html> <h1>nginx<\/h1>\. Is it an OpenAI-compatible server/],
  [404, "", /answers 404: Not Found\. Is it/],
  [503, '{"error": "loading"}', /answers 503: loading$/],
  [422, '{"detail": "a field"}', /answers 422: a field$/],
])("status %d with %s", async (status, text, message) => {
  await expect(ask(await serve(answers(status, text)))).rejects.toThrow(message);
});

test("a wrong key, and a page in place of the list of models", async () => {
  const refusing = await serve(answers(401, '{"error": {"message": "Unauthorized"}}'));
  await expect(ask(refusing, "bad")).rejects.toThrow(/models answers 401: Unauthorized\. Give its key with --api-key/);
  const page = await serve(answers(200, "<!doctype html>"));
  await expect(ask(page, "bad")).rejects.toThrow(/something else than JSON: <!doctype html>\. Is it an OpenAI-/);
});

test("a model of this process speaks for itself", async () => {
  const { app } = createTestApp({ text: "Hello" });
  const stream = streamCompletion(app.request.bind(app), "/v1/completions", { model: "other", prompt: "a" });
  await expect(stream.next()).rejects.toThrow(/^The model `other` does not exist/);
});
