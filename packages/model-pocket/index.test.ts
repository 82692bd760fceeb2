import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openSafetensors } from "@octavo/core";
import { expect, test } from "vitest";
import { modelPath } from "./index.js";

const SHA256 = "0b1e680a7289391530ddd2bc9a61722f7e1c7436c910ae0cdd67c6239bdea283";

test("the folder holds the whole model, unchanged", () => {
  const json = (name: string) => JSON.parse(readFileSync(join(modelPath, name), "utf8"));
  expect(json("config.json").architectures).toEqual(["LlamaForCausalLM"]);
  expect(json("tokenizer_config.json").chat_template).toContain("<|");
  expect(json("generation_config.json").temperature).toBe(0.7);
  const weights = join(modelPath, "model.safetensors");
  expect(openSafetensors(weights).tensors.size).toBe(2 + 9 * json("config.json").num_hidden_layers);
  expect(createHash("sha256").update(readFileSync(weights)).digest("hex")).toBe(SHA256);
});
