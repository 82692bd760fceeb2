import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { gitHash, sha256 } from "../test-support/fake-hub.js";
import { COMMIT, ID, MODEL, scratch, WEIGHTS } from "../test-support/scratch.js";
import type { DownloadProgress } from "./download/progress.js";
import type { HubErrorReason } from "./hub-error.js";
import { pull } from "./pull.js";
import type { HubReference } from "./reference.js";

const REFERENCE: HubReference = { kind: "hub", host: "huggingface", id: ID };
const TAKEN = ["1_Pooling/config.json", "config.json", "model.safetensors", "tokenizer.json"];

const refused = (reason: HubErrorReason, message: RegExp) =>
  expect.objectContaining({ code: "DOWNLOAD", reason, message: expect.stringMatching(message) });

test("what Python's cache would have: blobs, links, a ref", async () => {
  const { cache, options, hub } = await scratch();
  const { path, commit, bytes } = await pull(REFERENCE, options);
  const repo = join(cache, "models--org--name");
  expect([path, commit]).toEqual([join(repo, "snapshots", COMMIT), COMMIT]);
  expect(readFileSync(join(repo, "refs", "main"), "utf8")).toBe(COMMIT);
  const hashes = TAKEN.map((name) => (MODEL.files[name]!.length < 1000 ? gitHash : sha256)(MODEL.files[name]!));
  expect(readdirSync(join(repo, "blobs")).sort()).toEqual(hashes.sort());
  expect(readlinkSync(join(path, "model.safetensors"))).toBe(`../../blobs/${sha256(WEIGHTS)}`);
  expect(readlinkSync(join(path, "1_Pooling/config.json"))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
  for (const name of TAKEN) expect(readFileSync(join(path, name)).equals(MODEL.files[name]!), name).toBe(true);
  expect(bytes).toBe(TAKEN.reduce((sum, name) => sum + MODEL.files[name]!.length, 0));
  expect(readdirSync(join(cache, ".locks", "models--org--name"))).toEqual([]);
  // 300,000 bytes in pieces of 65,536.
  const ranges = hub.requests.filter(({ server, range }) => server === "storage" && range).map(({ range }) => range);
  expect(ranges.sort()).toEqual(
    ["0-65535", "131072-196607", "196608-262143", "262144-299999", "65536-131071"].map((range) => `bytes=${range}`),
  );
});

test("what is there is not fetched again; a commit needs no network at all", async () => {
  const { options, hub } = await scratch();
  await pull(REFERENCE, options);
  hub.requests.length = 0;
  await pull(REFERENCE, options);
  expect(hub.fetches).toEqual([]);
  hub.requests.length = 0;
  const { path } = await pull({ ...REFERENCE, revision: COMMIT }, options);
  expect(hub.requests).toEqual([]);
  expect(path).toContain(COMMIT);
});

test("a new commit shares what did not change", async () => {
  const { options, hub } = await scratch();
  await pull(REFERENCE, options);
  const commit = "f".repeat(40);
  hub.models.set(ID, { commit, files: { ...MODEL.files, "config.json": Buffer.from('{"new": 1}') } });
  hub.requests.length = 0;
  const { path } = await pull(REFERENCE, options);
  expect(hub.fetches.map((seen) => seen.path)).toEqual([`/${ID}/resolve/${commit}/config.json`]);
  expect(readFileSync(join(path, "config.json"), "utf8")).toBe('{"new": 1}');
  expect(readFileSync(join(path, "model.safetensors")).equals(WEIGHTS)).toBe(true);
});

test("progress begins with what is there and ends with all", async () => {
  const { options } = await scratch();
  const told: DownloadProgress[] = [];
  await pull(REFERENCE, { ...options, onProgress: (progress) => told.push(progress) });
  const last = told.at(-1)!;
  expect(last).toMatchObject({ model: ID, phase: "done", files: 4, filesDone: 4 });
  expect(last.bytesDone).toBe(last.bytes);
  expect(last.bytesReceived).toBe(last.bytes);
  expect(told.map(({ bytesDone }) => bytesDone)).toEqual(
    told.map(({ bytesDone }) => bytesDone).toSorted((a, b) => a - b),
  );
});

test("the token goes to the hub and not to the storage", async () => {
  const { options, hub, env } = await scratch();
  await pull(REFERENCE, { ...options, env: { ...env, HF_TOKEN: "hf_secret" } });
  const seen = (server: string) =>
    new Set(hub.requests.filter((request) => request.server === server).map(({ authorization }) => authorization));
  expect(seen("hub")).toEqual(new Set(["Bearer hf_secret"]));
  expect(seen("storage")).toEqual(new Set([undefined]));
});

test("a listing of many pages", async () => {
  const { options, hub } = await scratch();
  hub.pageSize = 2;
  const { path } = await pull(REFERENCE, options);
  expect(TAKEN.every((name) => existsSync(join(path, name)))).toBe(true);
  expect(hub.requests.filter((seen) => seen.path.includes("/tree/")).length).toBe(4);
});

test.each([
  [
    "gated",
    401,
    "GatedRepo",
    /org\/name is gated \(status 401\).*Visit http:.*\/org\/name: ask for access there.*HF_TOKEN/,
  ],
  ["gated", 403, "GatedRepo", /is gated/],
  ["not_found", 401, "RepoNotFound", /Hugging Face has no model org\/name \(status 401\).*private.*HF_TOKEN/],
  ["not_found", 404, "RevisionNotFound", /org\/name has no revision main/],
  ["unauthorized", 403, "", /may not be read/],
] as const)("%s: status %d, X-Error-Code %s", async (reason, status, code, message) => {
  const { options, hub } = await scratch();
  hub.fault = () => ({ status, headers: { "x-error-code": code } });
  await expect(pull(REFERENCE, options)).rejects.toEqual(refused(reason, message));
  expect(hub.requests.length).toBe(1);
});

test("a file that is gone, a model that never was, a refused token", async () => {
  const { options, hub } = await scratch();
  await expect(pull({ ...REFERENCE, id: "org/other" }, options)).rejects.toEqual(
    refused("not_found", /no model org\/other/),
  );
  hub.fault = ({ path }) =>
    path.endsWith("config.json") ? { status: 404, headers: { "x-error-code": "EntryNotFound" } } : undefined;
  await expect(pull(REFERENCE, options)).rejects.toEqual(refused("not_found", /has no file .*config\.json/));
  hub.fault = () => ({ status: 401, headers: { "x-error-message": "Invalid credentials in Authorization header" } });
  await expect(pull(REFERENCE, { ...options, token: "bad" })).rejects.toEqual(
    refused("unauthorized", /refuses the token/),
  );
});

test("a gated model whose listing is open", async () => {
  const { options, hub } = await scratch();
  const headers = { "x-error-code": "GatedRepo" };
  hub.fault = ({ path }) => (path.includes("/resolve/") ? { status: 403, headers } : undefined);
  await expect(pull(REFERENCE, { ...options, token: "hf_mine" })).rejects.toEqual(
    refused("gated", /Visit http.*: the token that is set has no access to it yet/),
  );
});

test("a proxy of the environment, but for the hosts that need none", async () => {
  const { options, env } = await scratch();
  const seen: string[] = [];
  const proxy = createServer().on("connect", ({ url }, client) => {
    seen.push(url!);
    const [host, port] = url!.split(":");
    const server = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      client.pipe(server).pipe(client);
    });
    server.on("error", () => client.destroy());
    client.on("error", () => server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.close();
  });
  const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await pull(REFERENCE, { ...options, env: { ...env, HTTP_PROXY, NO_PROXY: "127.0.0.1" } });
  expect(seen).toEqual([]);
  await pull({ ...REFERENCE, revision: "master" }, { ...options, env: { ...env, HTTP_PROXY } });
  expect(new Set(seen)).toEqual(new Set([env.HF_ENDPOINT!.slice("http://".length)]));
});

test("servers that are busy are asked again, when they want it", async () => {
  const { options, hub } = await scratch();
  const times: number[] = [];
  hub.fault = ({ path, count }) => {
    if (!path.includes("/revision/")) return count === 0 ? { status: 500 } : undefined;
    times.push(performance.now());
    return count === 0 ? { status: 429, headers: { "retry-after": "0.3" } } : undefined;
  };
  await pull(REFERENCE, options);
  expect(times[1]! - times[0]!).toBeGreaterThan(290);
  hub.fault = ({ path }) => (path.includes("/revision/") ? { status: 503 } : undefined);
  await expect(pull({ ...REFERENCE, revision: "v1" }, options)).rejects.toEqual(
    refused("network", /status 503; check the network/),
  );
});

test("offline: the cache or a word on it", async () => {
  const { options, hub, env } = await scratch();
  const offline = { ...options, env: { ...env, HF_HUB_OFFLINE: "1" } };
  await expect(pull(REFERENCE, offline)).rejects.toEqual(
    refused("offline", /org\/name@main is not in the cache .*HF_HUB_OFFLINE is set: run octavo pull/),
  );
  await pull(REFERENCE, { ...options, weights: false });
  await expect(pull(REFERENCE, offline)).rejects.toEqual(refused("offline", /not completely in the cache.*no weights/));
  const { path } = await pull(REFERENCE, options);
  hub.requests.length = 0;
  expect((await pull(REFERENCE, offline)).path).toBe(path);
  expect(hub.requests).toEqual([]);
});

test("no network: the cache with a warning, or an error", async () => {
  const { options, hub, env } = await scratch();
  const { path } = await pull(REFERENCE, options);
  await hub[Symbol.asyncDispose]();
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  expect((await pull(REFERENCE, { ...options, env })).path).toBe(path);
  expect(warn.mock.calls[0]![0]).toMatch(/cannot be reached \(ECONNREFUSED\).*as it is in the cache/);
  warn.mockRestore();
  await expect(pull({ ...REFERENCE, id: "org/other" }, options)).rejects.toEqual(
    refused("network", /org\/other cannot be asked for: .*ECONNREFUSED.*HTTPS_PROXY/),
  );
});

test.each(["../../evil.json", "/etc/evil.json", "a/../../evil.json", "a\0.json", "a\\b.json", "", "C:evil.json"])(
  "a listing with a file %j is refused",
  async (name) => {
    const { options, cache } = await scratch({ commit: COMMIT, files: { ...MODEL.files, [name]: Buffer.from("x") } });
    await expect(pull(REFERENCE, options)).rejects.toEqual(refused("damaged", /which is no path in a repository/));
    expect(existsSync(cache)).toBe(false);
  },
);

test("a file that another one is a folder of", async () => {
  const files = { ...MODEL.files, "x.json": Buffer.from("a"), "x.json/config.json": Buffer.from("b") };
  const { options } = await scratch({ commit: COMMIT, files });
  await expect(pull(REFERENCE, { ...options, include: ["x.json*"] })).rejects.toEqual(
    refused("disk", /cannot be written/),
  );
});

test("a commit that is none would be a path", async () => {
  const { options, hub } = await scratch();
  hub.fault = ({ path }) => (path.includes("/revision/") ? { status: 200, text: '{"sha": "../../x"}' } : undefined);
  await expect(pull(REFERENCE, options)).rejects.toEqual(refused("network", /names no commit/));
});

const OID = "a".repeat(40);

test.each([
  ["revision", "null"],
  ["revision", "[]"],
  ["revision", "not JSON"],
  ["tree", "{}"],
  ["tree", '[{"type": "file"}]'],
  ["tree", `[{"type": "file", "path": "a", "size": -1, "oid": "${OID}"}]`],
  ["tree", `[{"type": "file", "path": "a", "size": 1, "oid": "../${OID}"}]`],
  ["tree", `[{"type": "file", "path": "a", "size": 1, "oid": "${OID}", "lfs": 5}]`],
  ["tree", `[{"type": "file", "path": 5, "size": 1, "oid": "${OID}"}]`],
  ["tree", "[null, {}]"],
  ["repo/files", "null"],
  ["repo/files", '{"Data": {"Files": [null]}}'],
  ["repo/files", '{"Data": {"Files": [{"Path": "a", "Size": 1, "Sha256": "../x"}]}}'],
])("a listing that is none, %s: %s", async (part, text) => {
  const { options, hub, cache } = await scratch();
  hub.fault = ({ path }) => (path.includes(`/${part}`) ? { status: 200, text } : undefined);
  const reference = part === "repo/files" ? ({ ...REFERENCE, host: "modelscope" } as const) : REFERENCE;
  await expect(pull(reference, options)).rejects.toMatchObject({ code: "DOWNLOAD" });
  expect(existsSync(cache)).toBe(false);
});

test("--include and --exclude", async () => {
  const { options } = await scratch();
  const { path } = await pull(REFERENCE, { ...options, include: ["*.json", "onnx/"], exclude: ["1_*"] });
  expect(readdirSync(path).sort()).toEqual(["config.json", "onnx", "tokenizer.json"]);
  await expect(pull(REFERENCE, { ...options, include: ["*.nothing"] })).rejects.toEqual(
    refused("not_found", /--include and --exclude leave/),
  );
});

test("one GGUF file; one that is not there is noted as Python does", async () => {
  const { options, cache, env } = await scratch({ commit: COMMIT, files: { "m-Q4_K_M.gguf": WEIGHTS } });
  const { path } = await pull({ ...REFERENCE, quantization: "q4_k_m" }, options);
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
  expect(path.endsWith("/m-Q4_K_M.gguf")).toBe(true);
  await expect(pull({ ...REFERENCE, file: "m-Q8_0.gguf" }, options)).rejects.toEqual(
    refused("not_found", /has no file m-Q8_0\.gguf: it has m-Q4_K_M\.gguf/),
  );
  expect(existsSync(join(cache, "models--org--name", ".no_exist", COMMIT, "m-Q8_0.gguf"))).toBe(true);
  const offline = { ...options, env: { ...env, HF_HUB_OFFLINE: "1" } };
  await expect(pull({ ...REFERENCE, file: "m-Q8_0.gguf" }, offline)).rejects.toEqual(
    refused("not_found", /as the cache notes/),
  );
});

test("no room is said before anything is fetched", async () => {
  const { options, hub } = await scratch();
  const size = 2 ** 50;
  const listing = [{ type: "file", path: "config.json", size, oid: "a".repeat(40) }];
  hub.fault = ({ path }) => (path.includes("/tree/") ? { status: 200, text: JSON.stringify(listing) } : undefined);
  await expect(pull(REFERENCE, { ...options, weights: false })).rejects.toEqual(
    refused("disk", /needs 1048576\.00 GiB more in .*are free: remove models/),
  );
  expect(hub.fetches).toEqual([]);
});

test("ModelScope, behind the same downloader", async () => {
  const { options, hub, env } = await scratch();
  const reference = { ...REFERENCE, host: "modelscope" } as const;
  const { path } = await pull(reference, { ...options, env: { ...env, MODELSCOPE_API_TOKEN: "ms-secret" } });
  for (const name of TAKEN) expect(readFileSync(join(path, name)).equals(MODEL.files[name]!), name).toBe(true);
  expect(path).toContain(join(env.MODELSCOPE_CACHE!, "octavo", "models--org--name", "snapshots"));
  expect(hub.requests[0]).toMatchObject({
    path: `/api/v1/models/${ID}/repo/files?Revision=master&Recursive=true`,
    authorization: "Bearer ms-secret",
  });
  hub.fault = () => ({ status: 404, text: '{"Code": 10010205001, "Message": "model not exists"}' });
  await expect(pull({ ...reference, id: "org/x" }, options)).rejects.toEqual(
    refused("not_found", /ModelScope has no model org\/x of revision master \(status 404, model not exists\)/),
  );
});
