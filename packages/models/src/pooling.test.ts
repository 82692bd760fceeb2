import { describe, expect, test } from "vitest";
import { modelFolder } from "../test-support/model-folder.js";
import { readPooling } from "./pooling.js";

const module = (kind: string, path: string) => ({
  idx: 0,
  name: "0",
  path,
  type: `sentence_transformers.models.${kind}`,
});
const MODULES = [module("Transformer", ""), module("Pooling", "1_Pooling")];

function poolingOf(config: object, modules: unknown = MODULES, files: Record<string, object> = {}) {
  return readPooling(modelFolder({ "modules.json": modules as object, "1_Pooling/config.json": config, ...files }));
}

test("a folder without modules.json says nothing", () => {
  expect(readPooling(modelFolder({}))).toBeNull();
});

test.each([
  ["cls", { pooling_mode: "cls" }],
  ["mean", { pooling_mode: "mean" }],
  ["last", { pooling_mode: "lasttoken" }],
  ["cls", { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }],
  ["mean", { pooling_mode_cls_token: false, pooling_mode_mean_tokens: true }],
  ["last", { pooling_mode_lasttoken: true }],
] as const)("%s in both dialects", (type, config) => {
  expect(poolingOf(config)).toEqual({ type, normalize: false });
});

test("normalization and the length of texts", () => {
  const modules = [...MODULES, module("Normalize", "2_Normalize")];
  const files = { "sentence_bert_config.json": { max_seq_length: 256 } };
  expect(poolingOf({ pooling_mode: "mean" }, modules, files)).toEqual({
    type: "mean",
    normalize: true,
    maxSeqLength: 256,
  });
});

describe("projections", () => {
  const modules = [...MODULES, module("Dense", "2_Dense")];
  const dense = (config: object) =>
    poolingOf({ pooling_mode: "mean" }, modules, {
      "2_Dense/config.json": { in_features: 8, out_features: 4, ...config },
    });

  test("what the file leaves out", () => {
    const [projection] = dense({})!.projections!;
    expect(projection).toMatchObject({ inFeatures: 8, outFeatures: 4, bias: true, activation: "tanh" });
    expect(projection!.folder).toMatch(/2_Dense$/);
  });

  test.each([
    ["activation_function", "torch.nn.modules.activation.ReLU"],
    ["module_input_name", "token_embeddings"],
    ["use_residual", true],
  ])("%s is %s", (field, value) => {
    expect(() => dense({ [field]: value })).toThrow(expect.objectContaining({ code: "UNSUPPORTED", param: field }));
  });
});

describe("what is refused", () => {
  test.each([
    ["a mode", { pooling_mode: "max" }, MODULES],
    ["a mode of old", { pooling_mode_max_tokens: true }, MODULES],
    ["two modes", { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true }, MODULES],
    ["a module", { pooling_mode: "mean" }, [...MODULES, module("CNN", "2_CNN")]],
    ["a projection of tokens", { pooling_mode: "mean" }, [MODULES[0], module("Dense", "1_Dense")]],
    ["another order", { pooling_mode: "mean" }, [...MODULES, module("Normalize", "2"), module("Dense", "3_Dense")]],
  ])("%s that Octavo lacks", (_, config, modules) => {
    expect(() => poolingOf(config, modules)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });

  test.each([
    ["no list", { modules: 1 }],
    ["a module without a type", [{ path: "" }]],
    ["a path out of the folder", [module("Pooling", "../1_Pooling")]],
  ])("%s", (_, modules) => {
    expect(() => poolingOf({ pooling_mode: "mean" }, modules)).toThrow(expect.objectContaining({ code: "CHECKPOINT" }));
  });
});
