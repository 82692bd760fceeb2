import type { ModelDescription } from "@octavo/engine";
import { describeModel } from "@octavo/engine";
import { expect, test } from "vitest";
import { defaultModelFolder } from "../default-model.js";
import { formatModel, formatTensors, memoryNeed } from "./inspect.js";

const pocket = async (): Promise<ModelDescription> => describeModel(await defaultModelFolder());

test("Pocket's numbers", async () => {
  const description = await pocket();
  // 8 layers, 2 heads of 64 for keys and values each, 2 bytes.
  expect(memoryNeed(description)).toMatchObject({
    kvBytesPerToken: 8 * 2 * 2 * 64 * 2,
    kvBytesOfFullContext: 2048 * 4096,
  });
  const text = formatModel(description, 2 ** 33);
  expect(text).toMatch(/^parameters +7\.3 M in 74 tensors$/m);
  expect(text).toMatch(/^keys and values, a token +4\.0 KiB$/m);
  expect(text).toMatch(/\nIt fits here: octavo serve .*a GPU with 1\.1\d GiB holds it with one full context\.\n$/);
  expect(formatTensors(description.tensors)).toMatch(/^model\.norm\.weight +bfloat16 +512 B {2}\[256\]$/m);
});

test("what does not fit is said, with the context that would", async () => {
  const description = await pocket();
  const { weightBytes } = description;
  expect(formatModel(description, weightBytes + 1000 * 4096)).toContain("--max-model-len 1000");
  expect(formatModel(description, 2 ** 20)).toContain("does not fit");
  const unknown = { ...description, config: null, problems: ["architecture X is not supported"] };
  expect(formatModel(unknown, 2 ** 33)).toMatch(
    /7\.3 M in 74 tensors[\s\S]*\nProblem: architecture X is not supported\n$/,
  );
});
