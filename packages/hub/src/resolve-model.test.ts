import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { COMMIT, ID, scratch } from "../test-support/scratch.js";
import { resolveHeaders, resolveModel } from "./resolve-model.js";

test("a path stays as it is, whatever the hub has", async () => {
  const { hub, options } = await scratch();
  expect(await resolveModel("/nowhere/model", options)).toBe("/nowhere/model");
  expect(await resolveModel("./org/name", options)).toBe("./org/name");
  expect(hub.requests).toEqual([]);
});

test("a name becomes a snapshot's folder", async () => {
  const { cache, options } = await scratch();
  const folder = `${cache}/models--org--name/snapshots/${COMMIT}`;
  expect(await resolveModel(ID, options)).toBe(folder);
  expect(await resolveModel(`hf://${ID}@main`, options)).toBe(folder);
});

test("a name that is nowhere may be a mistyped path", async () => {
  const { env, options } = await scratch();
  const refused = (message: RegExp) => expect.objectContaining({ message: expect.stringMatching(message) });
  await expect(resolveModel("models/lama", options)).rejects.toEqual(
    refused(/no model models\/lama .* Nor is there a file or folder models\/lama here\.$/),
  );
  const offline = { ...options, env: { ...env, HF_HUB_OFFLINE: "1" } };
  await expect(resolveModel("models/lama", offline)).rejects.toEqual(refused(/not in the cache .* Nor is there/));
  await expect(resolveModel("hf://models/lama", options)).rejects.toEqual(refused(/may read it\.$/));
});

test("headers: a path as it is, a name as a folder for a while, and what is neither", async () => {
  const { options, cache } = await scratch({ commit: COMMIT, files: { "config.json": Buffer.from("{}") } });
  expect(await resolveHeaders(tmpdir(), options)).toBe(tmpdir());
  await expect(resolveHeaders("org/other", options)).rejects.toMatchObject({
    reason: "not_found",
    message: expect.stringMatching(/no model org\/other.*Nor is there a file or folder org\/other here\./),
  });
  await expect(resolveHeaders(ID, options)).rejects.toThrow(/no weights/);
  expect(existsSync(cache)).toBe(false);
});
