import { expect, test } from "vitest";
import { COMMIT, ID, scratch } from "../test-support/scratch.js";
import { resolveModel } from "./resolve-model.js";

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
