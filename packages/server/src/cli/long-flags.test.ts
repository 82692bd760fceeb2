import { expect, test } from "vitest";
import { longFlags } from "./long-flags.js";

test("vLLM's short flags and underscores, and nothing else", () => {
  const argv = ["serve", "./my_model", "-sc", '{"a_b": 1}', "--max_model_len", "8", "--seed=-1", "--chat_template=a_b"];
  const flags = ["--speculative-config", '{"a_b": 1}', "--max-model-len", "8", "--seed=-1", "--chat-template=a_b"];
  expect(longFlags(argv)).toEqual(["serve", "./my_model", ...flags]);
  expect(longFlags(["-sc={}", "-h", "constructor", "--", "--a_b"])).toEqual([
    ...["--speculative-config={}", "-h", "constructor", "--", "--a_b"],
  ]);
});
