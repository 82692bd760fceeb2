import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { huggingFaceSettings, isOffline, modelScopeSettings } from "./environment.js";

test.each([
  [{}, join(homedir(), ".cache/huggingface/hub")],
  [{ XDG_CACHE_HOME: "/xdg" }, "/xdg/huggingface/hub"],
  [{ XDG_CACHE_HOME: "/xdg", HF_HOME: "/hf" }, "/hf/hub"],
  [{ HF_HOME: "~/hf" }, join(homedir(), "hf/hub")],
  [{ HF_HOME: "/hf", HF_HUB_CACHE: "/cache" }, "/cache"],
  [{ HF_HOME: "/hf", HF_HUB_CACHE: "" }, "/hf/hub"],
])("%j: the cache is %s", (env, cacheDir) => {
  expect(huggingFaceSettings(env)).toMatchObject({ cacheDir, endpoint: "https://huggingface.co" });
});

test("the token: of the variable, then of the file, then none", () => {
  const home = mkdtempSync(join(tmpdir(), "octavo-home-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  expect(huggingFaceSettings({ HF_HOME: home }).token).toBeUndefined();
  writeFileSync(join(home, "token"), "hf_file\n");
  expect(huggingFaceSettings({ HF_HOME: home }).token).toBe("hf_file");
  expect(huggingFaceSettings({ HF_HOME: home, HF_TOKEN: "hf_variable" }).token).toBe("hf_variable");
  expect(huggingFaceSettings({ HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }).token).toBeUndefined();
});

test("endpoints, and ModelScope's own variables", () => {
  expect(huggingFaceSettings({ HF_ENDPOINT: "https://mirror.example/" }).endpoint).toBe("https://mirror.example");
  expect(modelScopeSettings({ MODELSCOPE_DOMAIN: "www.modelscope.ai", MODELSCOPE_CACHE: "/ms" })).toEqual({
    endpoint: "https://www.modelscope.ai",
    cacheDir: "/ms/octavo",
    token: undefined,
  });
});

test.each([
  ["1", true],
  ["true", true],
  ["0", false],
  ["", false],
])("HF_HUB_OFFLINE=%s", (value, expected) => {
  expect(isOffline({ HF_HUB_OFFLINE: value })).toBe(expected);
});
