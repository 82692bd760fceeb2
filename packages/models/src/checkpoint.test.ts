import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { bytesOf } from "@octavo/core";
import { describe, expect, test } from "vitest";
import { modelFolder, safetensors } from "../test-support/model-folder.js";
import { Checkpoint } from "./checkpoint.js";

const INDEX = "model.safetensors.index.json";
const names = (checkpoint: Checkpoint) => [...checkpoint.names].sort();
const damaged = (message: RegExp, param?: string) =>
  expect.objectContaining({ code: "CHECKPOINT", message: expect.stringMatching(message), ...(param && { param }) });

function firstValue(checkpoint: Checkpoint, name: string): number {
  return new DataView(Uint8Array.from(bytesOf(checkpoint.tensor(name))).buffer).getFloat32(0, true);
}

test("one file", () => {
  const folder = modelFolder({ "model.safetensors": safetensors({ a: [2, 3], b: [4] }) });
  using checkpoint = Checkpoint.open(folder);
  expect(names(checkpoint)).toEqual(["a", "b"]);
  expect(checkpoint.tensor("a")).toMatchObject({ dtype: "float32", shape: [2, 3] });
  expect(firstValue(checkpoint, "b")).toBe(1);
  expect(checkpoint.origin("a")).toBe(join(folder, "model.safetensors"));
});

test("shards, each opened once, each tensor from its own", () => {
  const folder = modelFolder({
    "one.safetensors": safetensors({ a: [2], c: [1] }),
    "two.safetensors": safetensors({ x: [1], b: [3] }),
    [INDEX]: { metadata: {}, weight_map: { a: "one.safetensors", b: "two.safetensors", c: "one.safetensors" } },
  });
  using checkpoint = Checkpoint.open(folder);
  expect(names(checkpoint)).toEqual(["a", "b", "c"]);
  expect([firstValue(checkpoint, "a"), firstValue(checkpoint, "b"), firstValue(checkpoint, "c")]).toEqual([0, 1, 1]);
  expect(checkpoint.origin("b")).toBe(join(folder, "two.safetensors"));
  expect(() => checkpoint.tensor("x")).toThrow(damaged(/tensor x is missing/, "x"));
});

test("model.safetensors goes before an index", () => {
  const folder = modelFolder({
    "model.safetensors": safetensors({ a: [1] }),
    [INDEX]: { weight_map: { a: "gone.safetensors" } },
  });
  using checkpoint = Checkpoint.open(folder);
  expect(names(checkpoint)).toEqual(["a"]);
});

test("a missing tensor is named with the file and names that are near", () => {
  const tensors = {
    "model.layers.0.self_attn.query.weight": [1],
    "model.layers.0.self_attn.k_proj.weight": [1],
    other: [1],
  };
  const folder = modelFolder({ "model.safetensors": safetensors(tensors) });
  using checkpoint = Checkpoint.open(folder);
  const wanted = "model.layers.0.self_attn.q_proj.weight";
  expect(() => checkpoint.tensor(wanted)).toThrow(
    damaged(
      /q_proj\.weight is missing from .*model\.safetensors: it has model\.layers\.0\.self_attn\.k_proj\.weight, .*query/,
      wanted,
    ),
  );
});

test("a missing shard is named with the index that lists it", () => {
  const folder = modelFolder({ [INDEX]: { weight_map: { a: "model-00001-of-00002.safetensors" } } });
  const path = join(folder, "model-00001-of-00002.safetensors");
  expect(() => Checkpoint.open(folder)).toThrow(
    damaged(/00001-of-00002\.safetensors is missing; .*index\.json lists it/, path),
  );
});

test("a tensor that the index puts into the wrong shard", () => {
  const folder = modelFolder({
    "one.safetensors": safetensors({ a: [1] }),
    [INDEX]: { weight_map: { a: "one.safetensors", b: "one.safetensors" } },
  });
  expect(() => Checkpoint.open(folder)).toThrow(damaged(/tensor b is in one\.safetensors, but/, "b"));
});

describe("an index may not leave the folder", () => {
  test.each([
    "../x.safetensors",
    "..",
    "sub/../../x.safetensors",
    "/etc/x.safetensors",
    "\\\\host\\x.safetensors",
    "C:\\x.safetensors",
    "one.safetensors\0.safetensors",
    "config.json",
    "",
  ])("%j", (shard) => {
    const folder = modelFolder({
      "in/x": "",
      "x.safetensors": safetensors({ a: [1] }),
      [`in/${INDEX}`]: { weight_map: { a: shard } },
    });
    expect(() => Checkpoint.open(join(folder, "in"))).toThrow(
      damaged(/expected a \.safetensors file inside of the folder/),
    );
  });

  test("but links do, as in the Hugging Face cache", () => {
    const folder = modelFolder({ "blobs/abc": safetensors({ a: [1] }), "snapshot/x": "" });
    symlinkSync(join(folder, "blobs/abc"), join(folder, "snapshot/model.safetensors"));
    using checkpoint = Checkpoint.open(join(folder, "snapshot"));
    expect(names(checkpoint)).toEqual(["a"]);
  });
});

describe("damaged files", () => {
  test.each([[{}], [{ weight_map: [] }], [{ weight_map: { a: 1 } }], [{ weight_map: "x" }]])(
    "an index of %j",
    (index) => {
      expect(() => Checkpoint.open(modelFolder({ [INDEX]: index }))).toThrow(damaged(/weight_map/));
    },
  );

  test("a file that was cut short", () => {
    const bytes = safetensors({ a: [4] });
    const folder = modelFolder({ "model.safetensors": bytes.subarray(0, bytes.length - 1) });
    expect(() => Checkpoint.open(folder)).toThrow(damaged(/model\.safetensors/));
  });

  test("a folder instead of a file, a link to nothing", () => {
    const folder = modelFolder({ "model.safetensors/x": "" });
    expect(() => Checkpoint.open(folder)).toThrow(damaged(/not a file\. It must be a file that this user may read/));
    const links = modelFolder({});
    symlinkSync(join(links, "gone"), join(links, "model.safetensors"));
    expect(() => Checkpoint.open(links)).toThrow(damaged(/link to a file that does not exist\. Download/));
  });

  test("no weights, or in another format", () => {
    expect(() => Checkpoint.open(modelFolder({}))).toThrow(damaged(/has neither .* completely downloaded/));
    expect(() => Checkpoint.open(modelFolder({ "pytorch_model.bin": "" }))).toThrow(
      damaged(/but pytorch_model\.bin: .*save_pretrained/),
    );
    expect(() => Checkpoint.open("/nonexistent/folder")).toThrow(damaged(/cannot be read/));
  });
});
