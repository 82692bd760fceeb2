import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { bytesOf } from "@octavo/core";
import { createNullBackend, createReferenceBackend } from "@octavo/core/testing";
import { describe, expect, test } from "vitest";
import { modelFolder, safetensors, TINY_CONFIG, TINY_SHAPES } from "../test-support/model-folder.js";
import { Checkpoint } from "./checkpoint.js";
import { loadModel } from "./load-model.js";

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

describe("PyTorch's files", () => {
  const PT_INDEX = "pytorch_model.bin.index.json";
  const fixture = (name: string) =>
    readFileSync(new URL(`../../../test/fixtures/pickle/${name}`, import.meta.url)) as Uint8Array;
  const shard = (number: number) => `llama-0000${number}-of-00002.bin`;
  const weight_map = Object.fromEntries(Object.keys(TINY_SHAPES).map((name, i) => [name, shard(i < 6 ? 1 : 2)]));
  const shards = { [PT_INDEX]: { weight_map }, [shard(1)]: fixture(shard(1)), [shard(2)]: fixture(shard(2)) };
  const config = { "config.json": TINY_CONFIG };

  test.each([
    ["one file", { "pytorch_model.bin": fixture("llama.bin") }],
    ["shards", shards],
    ["consolidated", { "consolidated.00.pth": fixture("llama.bin") }],
  ])("%s: the weights that safetensors have", (_what, files) => {
    using expected = Checkpoint.open(modelFolder({ "model.safetensors": safetensors(TINY_SHAPES) }));
    const folder = modelFolder({ ...files, ...config });
    using found = Checkpoint.open(folder);
    expect(names(found)).toEqual(names(expected));
    for (const name of names(expected)) {
      expect([name, ...bytesOf(found.tensor(name))]).toEqual([name, ...bytesOf(expected.tensor(name))]);
    }
    loadModel(folder, createReferenceBackend()).dispose();
    expect(() => loadModel(folder, createNullBackend(), { loadFormat: "safetensors" })).toThrow(/has pt; leave it/);
  });

  test("safetensors go first, pt where it is asked for", () => {
    const folder = modelFolder({
      ...config,
      "model.safetensors": safetensors({ a: [1] }),
      "pytorch_model.bin": fixture("llama.bin"),
    });
    expect(names(Checkpoint.open(folder))).toEqual(["a"]);
    expect(names(Checkpoint.open(folder, undefined, "pt"))).toEqual(Object.keys(TINY_SHAPES).sort());
    loadModel(folder, createNullBackend(), { loadFormat: "pt" }).dispose();
  });

  test("a file that would run code is refused by name", () => {
    const folder = modelFolder({ ...config, "pytorch_model.bin": fixture("runs-code.bin") });
    expect(() => loadModel(folder, createNullBackend())).toThrow(
      damaged(/pytorch_model\.bin is not .*: global posix\.system is not allowed: this file would run code/),
    );
  });

  test("an index may name .bin files only, inside of the folder", () => {
    for (const shard of ["../x.bin", "x.safetensors"]) {
      expect(() => Checkpoint.open(modelFolder({ [PT_INDEX]: { weight_map: { a: shard } } }))).toThrow(
        damaged(/expected a \.bin file inside of the folder/),
      );
    }
  });

  test("a part of a model for several GPUs", () => {
    const parts = { "consolidated.00.pth": fixture("llama.bin"), "consolidated.01.pth": fixture("llama.bin") };
    expect(() => Checkpoint.open(modelFolder(parts))).toThrow(damaged(/cut for several GPUs/));
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
      damaged(/pytorch_model\.bin is not a PyTorch checkpoint/),
    );
    expect(() => Checkpoint.open(modelFolder({ "tf_model.safetensors": "" }))).toThrow(
      damaged(/has neither .* but tf_model\.safetensors: .*rename/),
    );
    expect(() => Checkpoint.open("/nonexistent/folder")).toThrow(damaged(/cannot be read/));
  });
});
