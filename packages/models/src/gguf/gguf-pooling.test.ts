import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ggufBytes } from "@octavo/core/testing";
import { expect, test } from "vitest";
import { modelFolder } from "../../test-support/model-folder.js";
import { openModel } from "../open-model.js";

/** A file whose header alone is read. */
function poolingOf(kind: number | undefined) {
  const keys = {
    block_count: 1,
    embedding_length: 8,
    feed_forward_length: 16,
    context_length: 64,
    vocab_size: 16,
    "attention.head_count": 2,
    "attention.causal": false,
    "attention.layer_norm_epsilon": 1e-12,
    ...(kind !== undefined && { pooling_type: kind }),
  };
  const path = join(modelFolder({}), "model.gguf");
  const own = Object.entries(keys).map(([key, value]) => [`bert.${key}`, value] as const);
  writeFileSync(path, ggufBytes({ metadata: { "general.architecture": "bert", ...Object.fromEntries(own) } }));
  return openModel(path).pooling();
}

test.each([
  [1, "mean"],
  [2, "cls"],
  [3, "last"],
])("pooling_type %d is %s", (kind, type) => {
  expect(poolingOf(kind)).toEqual({ type, normalize: true });
});

test.each([[0], [undefined]])("%s says nothing", (kind) => {
  expect(poolingOf(kind)).toBeNull();
});

test("a reranker's is refused by the key's name", () => {
  expect(() => poolingOf(4)).toThrow(
    expect.objectContaining({
      code: "UNSUPPORTED",
      param: "bert.pooling_type",
      message: expect.stringMatching(/is 4/),
    }),
  );
});
