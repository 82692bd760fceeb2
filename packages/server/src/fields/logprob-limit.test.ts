import type { EngineInfo } from "@octavo/engine";
import { expect, test } from "vitest";
import { checkLogprobCount } from "./logprob-limit.js";

const info = { vocabSize: 50_000, maxModelLen: 131_072 } as EngineInfo;
const usual = { prompts: [[1, 2, 3]], choices: 1, maxTokens: 16, logprobs: undefined, promptLogprobs: undefined };

test("what every client may ask for passes, however long the output may get", () => {
  checkLogprobCount({ ...usual, maxTokens: null, logprobs: 20, promptLogprobs: 20 }, info);
  checkLogprobCount({ ...usual, logprobs: -1 }, info);
  checkLogprobCount({ ...usual, promptLogprobs: -1 }, info);
});

test("whole vocabularies of many tokens are refused before they are computed", () => {
  const refusal = (shown: Partial<typeof usual> | object) => {
    expect(() => checkLogprobCount({ ...usual, ...shown }, info)).toThrow(/at most 1048576 are given at once/);
  };
  refusal({ logprobs: -1, maxTokens: 30 });
  refusal({ logprobs: -1, maxTokens: null });
  refusal({ logprobs: -1, choices: 2 });
  refusal({ promptLogprobs: -1, prompts: [new Int32Array(30)] });
  refusal({ promptLogprobs: 40_000, prompts: Array(10).fill([1, 2, 3]) });
});
