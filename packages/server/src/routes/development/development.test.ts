import { describe, expect, test, vi } from "vitest";
import { CHAT, createTestApp, eventData, messages, problem } from "../../testing/request.js";

const createDevelopmentApp = () => createTestApp({}, { developmentMode: true });

test("/pause hands on mode and cache, /resume ends it, /is_paused tells", async () => {
  const { app, engine, post } = createDevelopmentApp();
  const isPaused = async () => (await app.request("/is_paused")).json();
  expect(await isPaused()).toEqual({ is_paused: false });
  for (const path of ["/pause", "/pause?mode=keep&clear_cache=false", "/pause?wait_for_inflight_requests=true"]) {
    expect(await (await post(path, "")).json()).toEqual({ status: "paused" });
  }
  expect(engine.calls).toEqual([
    { mode: "abort", clearCache: true },
    { mode: "keep", clearCache: false },
    { mode: "wait", clearCache: true },
  ]);
  expect(await isPaused()).toEqual({ is_paused: true });
  expect(await (await post("/resume", "")).json()).toEqual({ status: "resumed" });
  expect(await isPaused()).toEqual({ is_paused: false });
  expect(await problem(await post("/pause?mode=stop", ""))).toMatchObject({ status: 400, param: "mode" });
  expect(await problem(await post("/pause?clear_cache=maybe", ""))).toMatchObject({
    status: 400,
    param: "clear_cache",
  });
});

test("POST /reset_prefix_cache, as vLLM has it", async () => {
  const { post, engine } = createDevelopmentApp();
  const response = await post("/reset_prefix_cache", "");
  expect(await response.json()).toEqual({ success: true });
  await post("/reset_prefix_cache?reset_running_requests=true&reset_external=1", "");
  expect(engine.resets).toEqual([{ resetRunningRequests: false }, { resetRunningRequests: true }]);
  expect(await problem(await post("/reset_prefix_cache?reset_external=maybe", ""))).toMatchObject({
    status: 400,
    param: "reset_external",
  });
});

test("/get_world_size", async () => {
  const { app } = createDevelopmentApp();
  expect(await (await app.request("/get_world_size?include_dp=false")).json()).toEqual({ world_size: 1 });
  expect(await problem(await app.request("/get_world_size?include_dp=2"))).toMatchObject({ param: "include_dp" });
});

describe("/abort_requests", () => {
  /** Requests that have one token and wait for the next. */
  function createWaiting(options = {}) {
    const beforeToken = (index: number) => (index === 0 ? undefined : new Promise<void>((go) => setTimeout(go, 20)));
    return createTestApp({ text: "ab".repeat(5000), beforeToken, ...options }, { developmentMode: true });
  }

  test("ends those that are named, by the reply's id or the client's, and no others", async () => {
    const { engine, post } = createWaiting();
    const abort = async (body: unknown) => (await post("/abort_requests", body)).json();
    const complete = (id: string) => post("/v1/completions", { prompt: "a", request_id: id });
    const [first, second, third] = ["one", "two", "three"].map(complete);
    await expect.poll(() => engine.running, { timeout: 30_000 }).toBe(3);
    expect(await abort({ request_ids: ["cmpl-one", "two", "four"] })).toEqual({ status: "aborted", aborted: 2 });
    for (const reply of [first, second]) {
      expect(await (await reply!).json()).toMatchObject({ choices: [{ finish_reason: "abort" }] });
    }
    expect(engine.running).toBe(1);
    expect(await abort({ request_ids: ["one"] })).toEqual({ status: "aborted", aborted: 0 });
    expect(await abort("")).toEqual({ status: "aborted", aborted: 1 });
    expect(await (await third!).json()).toMatchObject({ choices: [{ finish_reason: "abort" }] });
    expect(await problem(await post("/abort_requests", { request_ids: "one" }))).toMatchObject({ status: 400 });
  });

  test("ends streams, and forgets them", async () => {
    const { engine, post } = createWaiting();
    const stream = await post(CHAT, { messages, stream: true });
    await expect.poll(() => engine.running, { timeout: 30_000 }).toBe(1);
    expect(await (await post("/abort_requests", {})).json()).toEqual({ status: "aborted", aborted: 1 });
    expect((await eventData(stream)).at(-2)).toContain('"finish_reason":"abort"');
    expect(await (await post("/abort_requests", {})).json()).toEqual({ status: "aborted", aborted: 0 });
  });
});

test("/collective_rpc hands on arguments, and makes text of what is no object", async () => {
  const { engine, post } = createDevelopmentApp();
  const call = async (body: unknown) => (await post("/collective_rpc", body)).json();
  expect(await call({ method: "m", args: [{ a: 1 }], kwargs: { b: 2 }, timeout: 5 })).toEqual({ results: [{ a: 1 }] });
  expect(await call({ method: "m", args: [7] })).toEqual({ results: ["7"] });
  expect(await call({ method: "m", kwargs: {} })).toEqual({ results: [null] });
  expect(engine.calls).toEqual([
    ["m", [{ a: 1 }], { b: 2 }],
    ["m", [7], undefined],
    ["m", [], undefined],
  ]);
  expect(await problem(await post("/collective_rpc", {}))).toMatchObject({ status: 400, param: "method" });
  const late = await post("/collective_rpc", { method: "forever", timeout: 0.01 });
  expect(await problem(late)).toMatchObject({ status: 504, type: "TimeoutError" });
});

test("/collective_rpc makes lists of typed arrays, and refuses what JSON cannot say", async () => {
  const { engine, post } = createDevelopmentApp();
  const self: unknown[] = [];
  self.push(self);
  const returns = vi.spyOn(engine, "collectiveRpc");
  returns.mockResolvedValueOnce([{ sums: Float32Array.of(1, 0.5), count: 3n }]);
  expect(await (await post("/collective_rpc", { method: "sums" })).json()).toEqual({
    results: [{ sums: [1, 0.5], count: "3" }],
  });
  returns.mockResolvedValueOnce([self]);
  expect(await problem(await post("/collective_rpc", { method: "itself" }))).toMatchObject({
    status: 400,
    message: expect.stringContaining("itself returned is no JSON"),
  });
});

test("a weight version is set, told and in every reply", async () => {
  const { app, post } = createDevelopmentApp();
  const reply = async (body: object) => (await post("/v1/completions", { prompt: "a", ...body })).text();
  expect(JSON.parse(await reply({})).metadata).toEqual({ weight_version: "default" });
  expect(await (await post("/update_weight_version", { new_version: "step-2" })).json()).toEqual({
    success: true,
    new_version: "step-2",
  });
  expect(await (await app.request("/weight_info")).json()).toEqual({ weight_version: "step-2" });
  expect(JSON.parse(await reply({})).metadata).toEqual({ weight_version: "step-2" });
  expect(await reply({ stream: true })).toContain('"metadata":{"weight_version":"step-2"}');
});
