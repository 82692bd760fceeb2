import { expect, test } from "vitest";
import { ConfigReader } from "./hf-config.js";
import { architectureOf, supportedArchitectures } from "./registry.js";

const reader = (name: string) => new ConfigReader("config.json", { architectures: [name] });

test.each([
  ["Qwen3NextForCausalLM", "gated delta nets"],
  ["Qwen3_5MoeForConditionalGeneration", "gated delta nets"],
  ["FalconMambaForCausalLM", "state space (Mamba) layers"],
  ["DeepseekV32ForCausalLM", "sparse attention with an indexer"],
])("%s is refused with what it is made of", (name, what) => {
  const message = `config.json: field "architectures" is ["${name}"], a model with ${what}, which Octavo does not compute`;
  expect(() => architectureOf(reader(name))).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", param: "architectures", message }),
  );
});

test("other names are refused with those that there are", () => {
  expect(() => architectureOf(reader("NobodyForCausalLM"))).toThrow(/it supports .*LlamaForCausalLM/);
});

test("no model that is run is said to lack something", () => {
  for (const name of supportedArchitectures()) expect(architectureOf(reader(name)).name).toBeTruthy();
});
