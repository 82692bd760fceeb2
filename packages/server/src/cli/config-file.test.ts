import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createProgram } from "../program.js";
import type { ServeFlags } from "../run-serve.js";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "octavo-config-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

async function serve(yaml: string, ...argv: string[]) {
  const path = join(folder, "flags.yaml");
  writeFileSync(path, yaml);
  let called: { model: string | undefined; flags: ServeFlags } | undefined;
  const program = createProgram(async (model, flags) => {
    called = { model, flags };
  });
  await program.parseAsync(["serve", ...argv, "--config", path], { from: "user" });
  return called!;
}

test("flags by their names, checked and converted as on the command line", async () => {
  const { model, flags } = await serve(`
model: ./folder
port: 8123
max_model_len: auto
api-key: [one, two]
served-model-name: mine
gpu-memory-utilization: 0.5
enforce-eager: true
batch-invariant: false
enable-prefix-caching: false
override-generation-config:
  temperature: 0.5
dtype: bfloat16`);
  expect(model).toBe("./folder");
  expect(flags).toMatchObject({
    port: 8123,
    maxModelLen: "auto",
    apiKey: ["one", "two"],
    servedModelName: ["mine"],
    gpuMemoryUtilization: 0.5,
    enforceEager: true,
    dtype: "bfloat16",
    enablePrefixCaching: false,
    overrideGenerationConfig: { temperature: 0.5 },
    host: "127.0.0.1",
  });
  expect(flags.batchInvariant).toBeUndefined();
});

test("a flag of JSON as JSON, or as a mapping", async () => {
  for (const value of [
    '{"method": "ngram", "num_speculative_tokens": 3}',
    "\n  method: ngram\n  num_speculative_tokens: 3",
  ]) {
    const { flags } = await serve(`speculative-config: ${value.startsWith("{") ? `'${value}'` : value}`);
    expect(flags).toMatchObject({ speculativeConfig: { method: "ngram", numSpeculativeTokens: 3 } });
  }
  await expect(serve("host: {a: 1}")).rejects.toThrow(/host: a text or a number is expected/);
});

test("flags that say no, and whole numbers of 64 bits", async () => {
  const { flags } = await serve(
    "no-enable-chunked-prefill: true\nno_enable_prefix_caching: false\nseed: 9223372036854775807",
  );
  expect(flags).toMatchObject({ enableChunkedPrefill: false, seed: 2n ** 63n - 1n });
  expect(flags.enablePrefixCaching).toBeUndefined();
  const { flags: typed } = await serve("no-enable-chunked-prefill: true\nseed: -7", "--enable-chunked-prefill");
  expect(typed).toMatchObject({ enableChunkedPrefill: true, seed: -7 });
});

test("the command line goes before the environment, that before the file", async () => {
  const { model, flags } = await serve("model: a\nport: 1\napi-key: file", "b", "--port", "2", "--api-key", "typed");
  expect([model, flags.port, flags.apiKey]).toEqual(["b", 2, ["typed"]]);
  vi.stubEnv("PORT", "3");
  expect((await serve("port: 1")).flags.port).toBe(3);
  vi.unstubAllEnvs();
});

test("an empty file sets nothing", async () => {
  expect((await serve("# nothing")).flags).toMatchObject({ host: "127.0.0.1" });
});

test.each([
  ["port: 70000", /port: 70000 is not allowed/],
  ["port: [1, 2]", /port: one value is expected/],
  ["port: {a: 1}", /port: a text or a number/],
  ["dtype: int3", /dtype: "int3" is not allowed.*bfloat16/],
  ["enforce-eager: 1", /enforce-eager: true or false/],
  ["no-enable-prefix-caching: 1", /no-enable-prefix-caching: true or false/],
  ["prot: 1", /no flag --prot/],
  ["config: other.yaml", /cannot be set in the file/],
  ["model: 3", /model: a folder/],
  ["- port", /such as `port: 8001`/],
  ["a: &a [1]\nb: *a", /alias/i],
  ["a: [", /flags\.yaml: /],
])("%s is refused by file and key", async (yaml, message) => {
  await expect(serve(yaml)).rejects.toThrow(message);
});
