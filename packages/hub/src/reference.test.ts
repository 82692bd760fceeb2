import { expect, test } from "vitest";
import { formatReference, parseReference } from "./reference.js";

const hub = (id: string, more: object = {}) => ({ kind: "hub", host: "huggingface", id, ...more });

test.each([
  ["org/name", hub("org/name")],
  ["gpt2", hub("gpt2")],
  ["org/name@v1.0", hub("org/name", { revision: "v1.0" })],
  ["org/name@refs/pr/3", hub("org/name", { revision: "refs/pr/3" })],
  ["org/name:Q4_K_M", hub("org/name", { quantization: "Q4_K_M" })],
  ["org/name@main:Q8_0", hub("org/name", { revision: "main", quantization: "Q8_0" })],
  ["org/name/sub/file.gguf", hub("org/name", { file: "sub/file.gguf" })],
  ["org/name@main/file.gguf", hub("org/name", { revision: "main", file: "file.gguf" })],
  ["hf://org/name", hub("org/name")],
  ["hf.co/org/name:Q8_0", hub("org/name", { quantization: "Q8_0" })],
  ["https://huggingface.co/org/name", hub("org/name")],
  ["https://huggingface.co/org/name/tree/v2", hub("org/name", { revision: "v2" })],
  ["https://hf.co/org/name/blob/main/a/b.gguf?x=1", hub("org/name", { revision: "main", file: "a/b.gguf" })],
  ["https://www.modelscope.cn/models/org/name", { ...hub("org/name"), host: "modelscope" }],
  ["ms://org/name@v1", { ...hub("org/name", { revision: "v1" }), host: "modelscope" }],
])("%s", (text, expected) => {
  expect(parseReference(text, {})).toEqual(expected);
});

test.each([
  "/abs/model",
  "./org/name",
  "../x",
  "packages/hub",
  "model.gguf",
  "models/llama.gguf",
  "config.json",
  "",
  "\0",
  "a/b/c",
  "x--y/z",
  ".hidden",
])("%j is a path", (text) => {
  expect(parseReference(text, {})).toEqual({ kind: "local", path: text });
});

test("what cannot be meant is said", () => {
  const refused = (message: RegExp) =>
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  expect(() => parseReference("hf://a/b/c", {})).toThrow(
    refused(/hf:\/\/a\/b\/c names no model .*write hf:\/\/org\/name/),
  );
  expect(() => parseReference("org/name@../../etc", {})).toThrow(refused(/revision "\.\.\/\.\.\/etc" is none/));
  expect(() => parseReference("org/name@", {})).toThrow(refused(/revision "" is none/));
});

test("VLLM_USE_MODELSCOPE", () => {
  expect(parseReference("org/name", { VLLM_USE_MODELSCOPE: "True" })).toMatchObject({ host: "modelscope" });
  expect(parseReference("hf://org/name", { VLLM_USE_MODELSCOPE: "True" })).toMatchObject({ host: "huggingface" });
});

test.each(["org/name@v1:Q4_0", "ms://org/name", "org/name/file.gguf"])("%s is written as it was", (text) => {
  const reference = parseReference(text, {});
  expect(reference.kind === "hub" && formatReference(reference)).toBe(text);
});
