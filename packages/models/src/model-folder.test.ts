import { join } from "node:path";
import { expect, test } from "vitest";
import { modelFolder, TINY_CONFIG } from "../test-support/model-folder.js";
import { readModelConfig } from "./open-model.js";

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

test.each(["/nope", "meta-llama/Llama-3", "\0"])("%j: there is no such folder", (folder) => {
  expect(() => readModelConfig(folder)).toThrow(
    refused(
      "CHECKPOINT",
      /(does not exist|cannot be read).*: MODEL must be a local folder.*or the name of a model on a hub/,
    ),
  );
});

test("a file instead of a folder", () => {
  const folder = modelFolder({ "config.json": TINY_CONFIG, "x.gguf": "GGUF" });
  expect(() => readModelConfig(join(folder, "config.json"))).toThrow(
    refused("CHECKPOINT", /is neither a folder nor a GGUF file: MODEL/),
  );
  expect(() => readModelConfig(join(folder, "x.gguf"))).toThrow(
    refused("CHECKPOINT", /x\.gguf is not a valid GGUF file/),
  );
});

test("a folder with a GGUF file and no config.json", () => {
  const folder = modelFolder({ "x.gguf": "GGUF" });
  expect(() => readModelConfig(folder)).toThrow(
    refused("CHECKPOINT", /has no config\.json, but x\.gguf: name that file, .*x\.gguf/),
  );
});

test("no name at all is not the current folder", () => {
  expect(() => readModelConfig("")).toThrow(refused("INVALID_ARGUMENT", /no model is named/));
});
