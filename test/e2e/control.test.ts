// The development mode's routes, queue bounds and time limits of a real server.
import { expect, test } from "vitest";
import { startServer } from "./server-process.js";

const extension = new URL("../fixtures/extensions/worker-extension.mjs", import.meta.url).pathname;
const flags = [
  ...["--scheduling-policy", "priority", "--max-num-queued-tokens", "30", "--worker-extension-cls", extension],
  ...["--api-key", "k", "--max-inter-token-latency-ms", "100"],
];

test("pause, calls, weight versions, a full queue, a time limit", async () => {
  await using server = await startServer(flags, { OCTAVO_SERVER_DEV_MODE: "1" });
  const send = (method: string, path: string, body?: object) => {
    const headers = { authorization: "Bearer k" };
    return fetch(`${server.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  };
  const post = async (path: string, body?: object) => (await send("POST", path, body)).json();
  const get = async (path: string) => (await send("GET", path)).json();
  const complete = (body: object) => send("POST", "/v1/completions", { max_tokens: 5, temperature: 0, ...body });
  expect(server.log()).toContain("development mode");
  expect((await fetch(`${server.url}/pause`, { method: "POST" })).status).toBe(401);

  expect(await post("/pause?mode=keep")).toEqual({ status: "paused" });
  expect(await get("/is_paused")).toEqual({ is_paused: true });
  const prompt = Array.from({ length: 20 }, (_, i) => 100 + i);
  const held = complete({ prompt, priority: 1 });
  const expired = (await (await complete({ prompt: [7], timeout_ms: 200 })).json()) as { choices: object[] };
  expect(expired.choices[0]).toMatchObject({ text: "", finish_reason: "abort", stop_reason: "timeout" });
  const refused = await complete({ prompt });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await refused.json()).toMatchObject({
    error: { code: 503, message: expect.stringContaining("20 prompt tokens") },
  });

  const unwanted = complete({ prompt: [7], request_id: "mine" });
  const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
  await expect.poll(metrics, { timeout: 30_000 }).toContain('num_requests_waiting{model_name="pocket",engine="0"} 2');
  expect(await post("/abort_requests", { request_ids: ["cmpl-mine"] })).toEqual({ status: "aborted", aborted: 1 });
  expect(await (await unwanted).json()).toMatchObject({ id: "cmpl-mine", choices: [{ finish_reason: "abort" }] });
  await expect.poll(metrics, { timeout: 30_000 }).toContain('num_requests_waiting{model_name="pocket",engine="0"} 1');

  expect(await post("/collective_rpc", { method: "count_up", args: [3], kwargs: { twice: true } })).toEqual({
    results: ["6"],
  });
  expect(await post("/collective_rpc", { method: "get_stats" })).toMatchObject({
    results: [{ numWaiting: 1, numHeld: 1, isPaused: true, schedulingPolicy: "priority" }],
  });
  await post("/update_weight_version", { new_version: "step-3" });
  expect(await post("/resume")).toEqual({ status: "resumed" });
  expect(await (await held).json()).toMatchObject({
    choices: [{ finish_reason: "length" }],
    metadata: { weight_version: "step-3" },
  });

  // Some seconds of work, lest it end before it is seen.
  const running = complete({ prompt: [7], max_tokens: 1500, ignore_eos: true, temperature: 1, n: 8 });
  await expect.poll(metrics, { timeout: 30_000 }).toMatch(/num_requests_running\S* 8$/m);
  expect(await post("/pause")).toEqual({ status: "paused" });
  const choices = Array(8).fill({ finish_reason: "abort", stop_reason: null });
  expect(await (await running).json()).toMatchObject({ choices });
});

test("a pause with mode=wait waits for a beam search", async () => {
  await using server = await startServer([], { OCTAVO_SERVER_DEV_MODE: "1" });
  const post = (path: string, body: object = {}) => {
    return fetch(`${server.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  };
  const steps = async () => {
    const reply = (await (await post("/collective_rpc", { method: "get_stats" })).json()) as {
      results: [{ steps: number }];
    };
    return reply.results[0].steps;
  };
  const search = post("/v1/completions", {
    ...{ prompt: [5, 6, 7], max_tokens: 200, ignore_eos: true },
    ...{ use_beam_search: true, n: 4 },
  }).then((response) => response.json());
  await expect.poll(steps).toBeGreaterThan(3);
  expect(await (await post("/pause?mode=wait")).json()).toEqual({ status: "paused" });
  // One that was held would never end.
  expect(await search).toMatchObject({ choices: Array(4).fill({ finish_reason: "length" }) });
  expect(await steps()).toBeGreaterThanOrEqual(200);
});

test("without the development mode there are no such routes", async () => {
  await using server = await startServer();
  for (const path of ["/pause", "/resume", "/collective_rpc", "/update_weight_version"]) {
    expect((await fetch(`${server.url}${path}`, { method: "POST" })).status, path).toBe(404);
  }
});
