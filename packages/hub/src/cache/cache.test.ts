import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMIT, ID, MODEL, scratch, WEIGHTS } from "../../test-support/scratch.js";
import { pull } from "../pull.js";
import type { HubReference } from "../reference.js";
import { FileLock } from "./file-lock.js";
import { planRemoval, removeModel } from "./remove-model.js";
import { RepoFolder } from "./repo-folder.js";
import { scanCache } from "./scan-cache.js";

const REFERENCE: HubReference = { kind: "hub", host: "huggingface", id: ID };
const NEXT = "f".repeat(40);

/** A cache with two commits that share their weights. */
async function twoCommits() {
  const { options, hub, cache } = await scratch();
  await pull({ ...REFERENCE, revision: "master" }, options);
  hub.models.set(ID, { commit: NEXT, files: { ...MODEL.files, "config.json": Buffer.from('{"new": 1}') } });
  await pull(REFERENCE, options);
  return { cache, repo: new RepoFolder(cache, ID) };
}

test("what a cache holds", async () => {
  const { cache } = await twoCommits();
  const [model, ...others] = scanCache(cache);
  expect(others).toEqual([]);
  expect(model).toMatchObject({ id: ID, incompleteBytes: 0 });
  expect(model!.revisions.map(({ commit, refs }) => [commit, refs])).toEqual([
    [COMMIT, ["master"]],
    [NEXT, ["main"]],
  ]);
  expect(model!.revisions[0]!.files).toContain("1_Pooling/config.json");
  expect(Date.now() - model!.revisions[1]!.lastUsed).toBeLessThan(60_000);
  const sum = model!.revisions.reduce((total, { bytes }) => total + bytes, 0);
  expect(sum - model!.bytes).toBeGreaterThan(WEIGHTS.length);
});

test("a revision goes with the blobs that it alone has", async () => {
  const { repo } = await twoCommits();
  const before = readdirSync(join(repo.path, "blobs")).length;
  const plan = planRemoval(repo, { revision: "main" });
  expect(plan).toMatchObject({ bytes: '{"new": 1}'.length });
  await removeModel(plan);
  expect(repo.commits()).toEqual([COMMIT]);
  expect([...repo.refs().keys()]).toEqual(["master"]);
  expect(readdirSync(join(repo.path, "blobs")).length).toBe(before - 1);
  expect(repo.files(COMMIT).length).toBe(4);
  await removeModel(planRemoval(repo, { revision: COMMIT.slice(0, 8) }));
  expect(existsSync(repo.path)).toBe(false);
});

test("all of a model goes; one that is being downloaded does not", async () => {
  const { repo, cache } = await twoCommits();
  const lock = await FileLock.acquire(join(repo.locks, "x.octavo.lock"));
  const plan = planRemoval(repo);
  await expect(removeModel(plan)).rejects.toMatchObject({ reason: "in_use" });
  await lock[Symbol.asyncDispose]();
  await removeModel(plan);
  expect(scanCache(cache)).toEqual([]);
  expect(existsSync(repo.locks)).toBe(false);
});

test("one GGUF file of several", async () => {
  const files = { "m-Q4_0.gguf": WEIGHTS, "m-Q8_0.gguf": Buffer.from("other"), "copy-Q2_K.gguf": WEIGHTS };
  const { options, cache } = await scratch({ commit: COMMIT, files });
  await pull(REFERENCE, { ...options, include: ["*.gguf"] });
  const repo = new RepoFolder(cache, ID);
  // Its content is another one's, too.
  const shared = planRemoval(repo, { quantization: "Q4_0" });
  expect(shared.bytes).toBe(0);
  await removeModel(shared);
  expect(repo.files(COMMIT)).toEqual(["copy-Q2_K.gguf", "m-Q8_0.gguf"]);
  await removeModel(planRemoval(repo, { file: "copy-Q2_K.gguf" }));
  expect(readdirSync(join(repo.path, "blobs")).length).toBe(1);
  expect(() => planRemoval(repo, { quantization: "Q4_0" })).toThrow(/has no Q4_0 in the cache/);
  await removeModel(planRemoval(repo, { quantization: "q8_0" }));
  expect(existsSync(repo.path)).toBe(false);
});

test("what is not there is not removed", async () => {
  const { repo, cache } = await twoCommits();
  const refused = (message: RegExp) =>
    expect.objectContaining({ reason: "not_found", message: expect.stringMatching(message) });
  expect(() => planRemoval(repo, { revision: "v9" })).toThrow(
    refused(/no revision v9 in the cache, but main, master, 0123456789ab/),
  );
  expect(() => planRemoval(new RepoFolder(cache, "org/other"))).toThrow(refused(/not in the cache/));
});

test("a cache that was never one, and what a cut download left", async () => {
  const { options, hub, cache } = await scratch();
  expect(scanCache(cache)).toEqual([]);
  hub.fault = ({ server, count }) =>
    server === "storage" ? (count === 0 ? { cutAfter: 50_000 } : { status: 404 }) : undefined;
  await expect(pull(REFERENCE, { ...options, include: ["model.safetensors"] })).rejects.toThrow();
  mkdirSync(join(cache, "version"), { recursive: true });
  writeFileSync(join(cache, "version.txt"), "1");
  const [model] = scanCache(cache);
  expect(model).toMatchObject({ id: ID, revisions: [] });
  expect(model!.incompleteBytes).toBeGreaterThan(40_000);
});
