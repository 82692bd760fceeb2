import { Command } from "commander";
import { expect, test, vi } from "vitest";
import { addSpecFlags, mergeSpecFlags } from "./cli/spec-flags.js";
import { createProgram } from "./program.js";
import type { ServeFlags } from "./run-serve.js";
import { version } from "./version.js";

async function parse(...argv: string[]) {
  let called: { model: string | undefined; flags: ServeFlags } | undefined;
  let output = "";
  const program = createProgram(async (model, flags) => {
    called = { model, flags };
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        output += text;
      },
      writeErr: (text) => {
        output += text;
      },
    });
  }
  const error = await program.parseAsync(argv, { from: "user" }).then(
    () => null,
    (reason: Error) => reason,
  );
  return { ...called, error, output };
}

test("flags and their defaults", async () => {
  const { model, flags } = await parse("serve");
  expect(model).toBeUndefined();
  expect(flags).toEqual({
    host: "127.0.0.1",
    port: Number(process.env.PORT || 8000),
    dtype: "auto",
    loadFormat: "auto",
    runner: "auto",
    schedulingPolicy: "fcfs",
    device: "auto",
    shutdownTimeout: 30,
    logLevel: "info",
    logprobsMode: "raw_logprobs",
  });
  const all = await parse(
    ...["serve", "folder", "--host", "::", "--port", "0", "--served-model-name", "a", "b", "--api-key", "x"],
    ...["--api-key", "y", "--dtype", "half", "--max-model-len", "100", "--max-num-seqs", "4"],
    ...["--max-num-batched-tokens", "64", "--max-num-queued-reqs", "9", "--kv-cache-memory-bytes", "1048576"],
    ...["--load-format", "dummy", "--runner", "generate", "--skip-tokenizer-init"],
    ...["--device", "cpu", "--shutdown-timeout", "1.5", "--log-level", "warn"],
    ...["--gpu-memory-utilization", ".5", "--enforce-eager", "--batch-invariant"],
    ...["--max-logprobs", "-1", "--logprobs-mode", "raw_logits", "--logits-processors", "./a.mjs", "b:c"],
    ...["--scheduling-policy", "fairness", "--max-num-partial-prefills", "3", "--max-long-partial-prefills", "2"],
    ...["--long-prefill-token-threshold", "500", "--max-inter-token-latency-ms", "12.5"],
    ...["--max-num-queued-tokens", "9000", "--worker-extension-cls", "./extension.mjs:Name"],
  );
  expect(all.model).toBe("folder");
  expect(all.flags).toEqual({
    schedulingPolicy: "fairness",
    maxNumPartialPrefills: 3,
    maxLongPartialPrefills: 2,
    longPrefillTokenThreshold: 500,
    maxInterTokenLatencyMs: 12.5,
    maxNumQueuedTokens: 9000,
    workerExtensionCls: "./extension.mjs:Name",
    host: "::",
    port: 0,
    servedModelName: ["a", "b"],
    apiKey: ["x", "y"],
    dtype: "half",
    loadFormat: "dummy",
    runner: "generate",
    skipTokenizerInit: true,
    maxModelLen: 100,
    maxNumSeqs: 4,
    maxNumBatchedTokens: 64,
    maxNumQueuedReqs: 9,
    kvCacheMemoryBytes: 1048576,
    gpuMemoryUtilization: 0.5,
    enforceEager: true,
    batchInvariant: true,
    device: "cpu",
    shutdownTimeout: 1.5,
    logLevel: "warn",
    maxLogprobs: -1,
    logprobsMode: "raw_logits",
    logitsProcessors: ["./a.mjs", "b:c"],
  });
});

test.each(["auto", "-1"])("--max-model-len %s", async (value) => {
  expect((await parse("serve", "--max-model-len", value)).flags?.maxModelLen).toBe("auto");
});

test.each([
  ["--port", "70000"],
  ["--port", "-1"],
  ["--max-model-len", "0"],
  ["--max-model-len", "automatic"],
  ["--gpu-memory-utilization", "0"],
  ["--gpu-memory-utilization", "90"],
  ["--max-num-seqs", "1e3"],
  ["--dtype", "int8"],
  ["--device", "tpu"],
  ["--load-format", "gptq"],
  ["--max-logprobs", "-2"],
  ["--logprobs-mode", "raw"],
  ["--logits-processors", ""],
  ["--api-key", ""],
  ["--host", ""],
  ["--served-model-name", ""],
  ["--port", ""],
  ["--shutdown-timeout", "soon"],
  ["--seed", "1.5"],
  ["--stream-interval", "0"],
  ["--override-generation-config", "temperature"],
  ["--nonsense", "1"],
])("%s %s is refused by name", async (flag, value) => {
  const { error, output, flags } = await parse("serve", flag, value);
  expect(error).not.toBeNull();
  expect(output).toContain(flag);
  expect(flags).toBeUndefined();
});

test("where sampling parameters come from that requests leave out", async () => {
  const json = '{"temperature": 0.5, "max_new_tokens": 9}';
  const sampling = ["--generation-config", "vllm", "--override-generation-config", json, "--stream-interval", "3"];
  const { flags } = await parse("serve", ...sampling, "--seed", "9223372036854775807", "--no-enable-chunked-prefill");
  expect(flags).toMatchObject({
    generationConfig: "vllm",
    overrideGenerationConfig: { temperature: 0.5, maxNewTokens: 9 },
    streamInterval: 3,
    seed: 2n ** 63n - 1n,
    enableChunkedPrefill: false,
  });
  expect((await parse("serve", "--enable-chunked-prefill", "--seed", "-7")).flags).toMatchObject({
    enableChunkedPrefill: true,
    seed: -7,
  });
  const wrong = await parse("serve", "--override-generation-config", '{"top_p": 2}');
  expect(wrong.output).toContain("override_generation_config.top_p must be between 0 and 1, got 2");
});

test("an empty PORT is none", async () => {
  vi.stubEnv("PORT", "");
  expect((await parse("serve")).flags?.port).toBe(8000);
  vi.stubEnv("PORT", "8123");
  expect((await parse("serve")).flags?.port).toBe(8123);
  vi.unstubAllEnvs();
});

test("--version", async () => {
  expect((await parse("--version")).output).toBe(`${version}\n`);
});

test("speculative decoding: vLLM's JSON, and shorthands that go before it", async () => {
  const json = '{"method": "suffix", "num_speculative_tokens": 5, "suffix_decoding_max_tree_depth": 9}';
  expect((await parse("serve", "--speculative-config", json, "--spec-tokens", "3")).flags).toMatchObject({
    speculativeConfig: { method: "suffix", numSpeculativeTokens: 3, suffixDecodingMaxTreeDepth: 9 },
  });
  const warned: string[] = [];
  const command = addSpecFlags(new Command()).parse(["--speculative-config", json, "--spec-tokens", "3"], {
    from: "user",
  });
  mergeSpecFlags(command, (text) => warned.push(text));
  expect(warned).toEqual(["--spec-tokens 3 goes before the 5 in --speculative-config; give one of the two"]);
  const same = addSpecFlags(new Command()).parse(["--speculative-config", json, "--spec-tokens", "5"], {
    from: "user",
  });
  mergeSpecFlags(same, (text) => warned.push(text));
  expect(warned).toHaveLength(1);
  const { flags } = await parse("serve", "--spec-method", "draft_model", "--spec-model", "folder");
  expect(flags?.speculativeConfig).toEqual({ method: "draft_model", model: "folder" });
  expect(flags).not.toHaveProperty("specMethod");
  for (const [value, message] of [
    ['{"method": "ngram", "lookup": 3}', 'has no key "lookup": known are method, num_speculative_tokens'],
    ["[]", "must be a JSON object"],
    ["ngram", "must be a JSON object"],
  ]) {
    expect((await parse("serve", "--speculative-config", value!)).output).toContain(message);
  }
});
