import { describe, expect, test } from "vitest";
import { CHAT, createTestApp, messages, problem } from "../testing/request.js";

describe.each([
  [CHAT, { messages }],
  ["/v1/completions", { prompt: "a" }],
])("%s", (path, body) => {
  test("hands on priority and time limit", async () => {
    const { engine, post } = createTestApp({ schedulingPolicy: "priority" });
    expect((await post(path, { ...body, priority: -2, timeout_ms: 1500 })).status).toBe(200);
    expect(engine.requests[0]).toMatchObject({ priority: -2, timeoutMs: 1500 });
    expect(await problem(await post(path, { ...body, timeout_ms: 0 }))).toMatchObject({
      status: 400,
      param: "timeout_ms",
    });
  });

  test("refuses a priority that other policies would ignore", async () => {
    const { post } = createTestApp();
    expect((await post(path, { ...body, priority: 0 })).status).toBe(200);
    const refused = await problem(await post(path, { ...body, priority: 1 }));
    expect(refused).toMatchObject({ status: 400, param: "priority" });
    expect(refused.message).toContain("--scheduling-policy priority");
  });

  test("a tenant is a user of a key", async () => {
    const { engine, post } = createTestApp({}, { apiKeys: ["one", "two"] });
    const send = (key: string, user?: string) => post(path, { ...body, user }, { authorization: `Bearer ${key}` });
    for (const [key, user] of [["one"], ["two"], ["one", "ann"], ["two", "ann"], ["one", "ann"]] as const) {
      expect((await send(key, user)).status).toBe(200);
    }
    const tenants = engine.requests.map(({ tenant }) => tenant);
    expect(new Set(tenants).size).toBe(4);
    expect(tenants[4]).toBe(tenants[2]);
    const open = createTestApp();
    await open.post(path, body);
    await open.post(path, { ...body, user: "ann" });
    expect(open.engine.requests.map(({ tenant }) => tenant)).toEqual([undefined, "/ann"]);
  });
});
