import { expect, test } from "vitest";
import { matchesAny } from "./patterns.js";
import { selectFiles } from "./select-files.js";

const INDEX = "model.safetensors.index.json";
const unread = () => Promise.reject(new Error("no index is needed"));

async function choose(paths: readonly string[], wanted: object = {}, index?: string) {
  const read = index === undefined ? unread : async () => index;
  return selectFiles(paths, { id: "org/name", ...wanted }, read);
}

const refused = (message: RegExp) =>
  expect.objectContaining({ code: "DOWNLOAD", message: expect.stringMatching(message) });

test("shards are those of the index, beside other copies of the weights", async () => {
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const others = ["consolidated.safetensors", "pytorch_model.bin", "model.fp16.safetensors", "original/x.safetensors"];
  const small = ["config.json", "tokenizer.model", "merges.txt", "chat_template.jinja", "tokenizer.model.v3"];
  const rest = ["README.md", "modeling_x.py", "onnx/config.json", "flax_model.msgpack"];
  const index = JSON.stringify({ weight_map: { a: shards[0], b: shards[1], c: shards[0] } });
  const { paths, entry } = await choose([...shards, INDEX, ...others, ...small, ...rest], {}, index);
  expect(paths).toEqual([...shards, INDEX, ...small].sort());
  expect(entry).toBeUndefined();
});

test.each([
  ["not JSON", "{", /lists no files/],
  ["empty", '{"weight_map": {}}', /lists no files/],
  ["a shard that is not there", '{"weight_map": {"a": "../x.safetensors"}}', /lists "\.\.\/x\.safetensors"/],
  ["a number", '{"weight_map": {"a": 3}}', /lists 3/],
])("an index that is %s", async (_, index, message) => {
  await expect(choose(["config.json", "model.safetensors", INDEX], {}, index)).rejects.toEqual(refused(message));
});

test("one file, then any, then PyTorch's, then GGUF", async () => {
  const weights = async (...paths: string[]) => (await choose(["config.json", ...paths])).paths;
  expect(await weights("model.safetensors", "model.fp16.safetensors")).toEqual(["config.json", "model.safetensors"]);
  expect(await weights("weights.safetensors", "x.bin")).toEqual(["config.json", "weights.safetensors"]);
  expect(await weights("pytorch_model.bin", "training_args.bin")).toEqual(["config.json", "pytorch_model.bin"]);
  expect(await weights("m-Q8_0.gguf")).toEqual(["m-Q8_0.gguf"]);
  await expect(weights("model.onnx")).rejects.toEqual(
    refused(/no weights \(safetensors.*but config\.json, model\.onnx/),
  );
  await expect(choose(["data.parquet"])).rejects.toEqual(refused(/neither config\.json nor GGUF files/));
});

test("without weights", async () => {
  const paths = ["config.json", "tokenizer.json", "model.safetensors", INDEX];
  expect((await choose(paths, { weights: false })).paths).toEqual(["config.json", "tokenizer.json"]);
  expect((await choose(["tokenizer.json"], { weights: false })).paths).toEqual(["tokenizer.json"]);
});

const GGUFS = [
  "m-Q4_K_S.gguf",
  "m-Q4_K_M.gguf",
  "m-UD-Q4_K_M.gguf",
  "Q8_0/m-Q8_0-00001-of-00002.gguf",
  "Q8_0/m-Q8_0-00002-of-00002.gguf",
  "m.IQ2_XS.gguf",
  "mmproj-m-Q4_0.gguf",
  "m.imatrix.gguf",
];

test.each([
  ["Q4_K_M", ["m-Q4_K_M.gguf"]],
  ["q8_0", ["Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf"]],
  ["iq2_xs", ["m.IQ2_XS.gguf"]],
  ["UD-Q4_K_M", ["m-UD-Q4_K_M.gguf"]],
  [undefined, ["m-Q4_K_M.gguf"]],
])("GGUF files of %s", async (quantization, files) => {
  expect(await choose(GGUFS, { quantization })).toEqual({ paths: files, entry: files[0] });
});

test("GGUF files that are not there, or too many", async () => {
  await expect(choose(GGUFS, { quantization: "Q4_K" })).rejects.toEqual(
    refused(/no GGUF file of the quantization Q4_K; name one of these, as in org\/name:Q8_0: Q8_0, UD-Q4_K_M|Q4_K_M/),
  );
  await expect(choose(["m-Q2_K.gguf", "m-Q8_0.gguf"])).rejects.toEqual(refused(/several GGUF files, .*: Q2_K, Q8_0\./));
  await expect(choose(["config.json"], { quantization: "Q4_0" })).rejects.toEqual(refused(/it has none at all/));
  expect(await choose(GGUFS, { file: "Q8_0/m-Q8_0-00002-of-00002.gguf" })).toMatchObject({
    entry: "Q8_0/m-Q8_0-00001-of-00002.gguf",
  });
});

test.each([
  ["*.json", "a/b.json", true],
  ["*.json", "a.jsonl", false],
  ["onnx/", "onnx/model.onnx", true],
  ["model-0000?-of-*.safetensors", "model-00001-of-00002.safetensors", true],
  ["[mt]*.json", "model.json", true],
  ["[!mt]*.json", "model.json", false],
  ["a.b", "axb", false],
  ["a+(b)|c", "a+(b)|c", true],
  ["[", "[", true],
])("%s matches %s: %s", (pattern, path, expected) => {
  expect(matchesAny(path, [pattern])).toBe(expected);
});
