// The document is true: it names every route, and real requests and replies keep to it.

import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { DEVELOPMENT_ROUTES } from "../routes/development/table.js";
import { API_ROUTES } from "../routes/table.js";
import { CHAT, createTestApp, messages } from "../testing/request.js";

interface Document {
  paths: Record<
    string,
    Record<string, { operationId: string; responses: Record<string, unknown>; security?: unknown }>
  >;
  components: { schemas: Record<string, { properties: Record<string, unknown>; required: string[] }> };
}

async function documentOf(options = {}): Promise<Document> {
  return (await (await createTestApp({}, options).app.request("/openapi.json")).json()) as Document;
}

const BODIES: Readonly<Record<string, unknown>> = {
  [CHAT]: { messages, return_token_ids: true, prompt_logprobs: 1, logprobs: true },
  "/v1/completions": { prompt: "ab", return_token_ids: true, prompt_logprobs: 1, logprobs: 1 },
  "/v1/embeddings": { input: ["ab", "c"] },
  "/tokenize": { prompt: "ab", return_token_strs: true },
  "/detokenize": { tokens: [97] },
  "/collective_rpc": { method: "m" },
  "/update_weight_version": { new_version: "v1" },
};

describe("what routes answer is what the document says", () => {
  test.each(
    [...API_ROUTES, ...DEVELOPMENT_ROUTES].flatMap((route) => route.methods.map((method) => [method, route] as const)),
  )("%s %#", async (method, { path, reply }) => {
    const { app, post } = createTestApp({ pooling: path === "/v1/embeddings" }, { developmentMode: true });
    const real = path.replace(/:id.*/, "org/alias");
    const response = method === "POST" ? await post(real, BODIES[path]) : await app.request(real);
    expect(response.status).toBe(200);
    const type = response.headers.get("content-type");
    if (reply.type === "empty") expect(await response.text()).toBe("");
    if (reply.type === "text") expect(type).toContain(reply.mediaType);
    if (reply.type === "json") {
      expect(type).toContain("application/json");
      (reply.schema as z.ZodType).parse(await response.json());
    }
  });
});

test("the document names every route, with an operationId of its own", async () => {
  const { paths } = await documentOf();
  expect(Object.keys(paths)).toEqual(API_ROUTES.map(({ path }) => path.replace(/:id.*/, "{id}")));
  const ids = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
  expect(paths["/ping"]).toMatchObject({ get: {}, post: {} });
  expect(Object.keys(paths[CHAT]!.post!.responses)).toEqual(["200", "400", "404", "413", "415", "500", "503"]);
});

test("the routes of the development mode are there in that mode alone", async () => {
  const paths = DEVELOPMENT_ROUTES.map(({ path }) => path);
  expect(Object.keys((await documentOf({ developmentMode: true })).paths)).toEqual([
    ...Object.keys((await documentOf()).paths),
    ...paths,
  ]);
  for (const path of paths) expect((await createTestApp().app.request(path, { method: "POST" })).status).toBe(404);
});

test("schemas are those that check requests", async () => {
  const { ChatCompletionRequest: chat, CompletionRequest: completion } = (await documentOf()).components.schemas;
  expect(chat!.required).toEqual(["messages"]);
  expect(chat!.properties.max_tokens).toMatchObject({ type: ["integer", "null"], minimum: 1 });
  expect(chat!.properties.min_tokens).toMatchObject({ type: ["integer", "null"], minimum: 0 });
  expect(chat!.properties.response_format).toMatchObject({ enum: [{ type: "text" }, null] });
  expect(completion!.properties.suffix).toMatchObject({ enum: ["", null] });
});

test("with keys the document says where one is needed", async () => {
  const { paths } = await documentOf({ apiKeys: ["k"] });
  expect(paths[CHAT]!.post).toMatchObject({ security: [{ key: [] }], responses: { 401: {} } });
  expect(paths["/health"]!.get!.security).toBeUndefined();
});

test("the API page comes from this server alone, and can be switched off", async () => {
  const { app } = createTestApp({}, { apiKeys: ["k"] });
  const page = await app.request("/docs");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  const html = await page.text();
  expect(html).not.toMatch(/https?:/);
  for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
    const plain = await (await app.request(path!)).text();
    const gzip = await app.request(path!, { headers: { "accept-encoding": "gzip, br" } });
    expect(plain.length).toBeGreaterThan(50);
    if (path !== "/docs/start.js") expect(gzip.headers.get("content-encoding")).toBe("gzip");
  }
  for (const path of ["/docs", "/openapi.json"]) {
    expect((await createTestApp({}, { disableDocs: true }).app.request(path)).status).toBe(404);
  }
});

test("/load counts what is being answered, /ping takes both methods", async () => {
  let go: () => void = () => {};
  const wait = new Promise<void>((resolve) => {
    go = resolve;
  });
  const { app, post } = createTestApp({ beforeToken: () => wait });
  const load = async () => (await app.request("/load")).json();
  expect(await load()).toEqual({ server_load: 0 });
  const stream = await post(CHAT, { messages, stream: true });
  const whole = post(CHAT, { messages });
  expect(await load()).toEqual({ server_load: 2 });
  go();
  await stream.text();
  await whole;
  expect(await load()).toEqual({ server_load: 0 });
  expect((await app.request("/ping", { method: "PUT" })).headers.get("allow")).toBe("GET, HEAD, POST");
});

test("every reply carries the request's id", async () => {
  const { app, post } = createTestApp();
  expect((await app.request("/nope", { headers: { "x-request-id": "r1" } })).headers.get("x-request-id")).toBe("r1");
  expect((await post(CHAT, "{")).headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
  const stream = await post(CHAT, { messages, stream: true, request_id: "mine" });
  expect(stream.headers.get("x-request-id")).toBe("mine");
  await stream.text();
});
