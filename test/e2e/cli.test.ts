// chat, complete and bench as a user runs them: processes of their own, alone and against a running server.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runCli, type ServerProcess, start, startServer } from "./server-process.js";

const KEY = "secret";
const GREEDY = ["--temperature", "0", "--max-tokens", "12"];
const CPU = ["--device", "cpu"];

let server: ServerProcess;
let remote: string[];

beforeAll(async () => {
  server = await startServer(["--api-key", KEY, "--log-format", "text"]);
  remote = ["--url", `${server.url}/v1`, "--api-key", KEY];
});

afterAll(() => server[Symbol.asyncDispose]());

describe("complete", () => {
  test("says the same from a loaded model and from a server, from an argument and from stdin", async () => {
    const prompt = "Once upon a time";
    const local = await runCli(["complete", prompt, ...GREEDY, ...CPU]);
    expect(local).toMatchObject({ code: 0, stderr: "" });
    expect(local.stdout.length).toBeGreaterThan(10);
    const other = await runCli(["complete", ...GREEDY, ...remote, "--echo"], {}, prompt);
    expect(other).toEqual({ code: 0, stderr: "", stdout: prompt + local.stdout });
    expect(server.log()).toMatch(/ info request requestId=\w+ method=POST path=\/v1\/completions status=200 .*ttftMs=/);
    expect(server.log()).not.toContain(prompt);
  });

  test("what is wrong is one line, and exit code 1", async () => {
    expect(await runCli(["complete", "a", ...remote.slice(0, 2)])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^octavo: http:\S+\/v1\/models answers 401: Unauthorized\. Give its key with --api-key.* \(INVALID_ARGUMENT\)\n$/,
      ),
    });
    const nobody = await runCli(["complete", "a", "--url", "http://127.0.0.1:9"]);
    expect(nobody.stderr).toMatch(/^octavo: http:\/\/127\.0\.0\.1:9 does not answer .*octavo serve/);
    const named = await runCli(["complete", "a", "--model-name", "m"]);
    expect(named).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--model-name is for a running server.*--url/),
    });
    const both = await runCli(["chat", "./folder", ...remote]);
    expect(both).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\.\/folder would be loaded here, but --url/),
    });
    expect((await runCli(["complete"], {}, "")).stderr).toContain("nothing to continue");
    const long = await runCli(["complete", ...remote], {}, "dog ".repeat(5000));
    expect(long).toMatchObject({ code: 1, stderr: expect.stringContaining("context") });
  });
});

describe("chat", () => {
  test("keeps the conversation, forgets it, takes a system prompt", async () => {
    const question = "Tell me a story about a fox.";
    const lines = [
      question,
      "And then?",
      "/reset",
      question,
      "/system You are a pirate.",
      question,
      "/retry",
      "/quit",
      question,
    ];
    const { code, stdout, stderr } = await runCli(["chat", ...GREEDY, ...remote], {}, lines.join("\n"));
    expect([code, stderr]).toEqual([0, ""]);
    const said = stdout.trimEnd().split("\n");
    expect(said).toHaveLength(7);
    expect(said[3]).toBe(said[0]);
    expect(said[1]).not.toBe(said[0]);
    expect(said[2]).toContain("new conversation");
    expect(said[6]).toBe(said[5]);
    const quick = await runCli(["chat", "-q", question, ...GREEDY, ...CPU]);
    expect(quick.stdout).toBe(`${said[0]}\n`);
  });

  test("a conversation that is too long is told, and goes on after /reset", async () => {
    const input = `${"dog ".repeat(5000)}\n/reset\nHello!\n`;
    const { code, stdout } = await runCli(["chat", ...GREEDY, ...remote], {}, input);
    expect(code).toBe(0);
    expect(stdout).toMatch(/context.*\n\(\/reset begins a new conversation\)\n\(a new conversation\)\n\S/);
  });

  test("Ctrl-C stops the answer, not the program", async () => {
    const chat = start(["chat", ...remote, "--system-prompt", "Talk."], {}, "pipe");
    const answered = () => chat.stdout.length;
    chat.process.stdin!.write("Tell me a very long story.\n");
    await vi.waitFor(() => expect(answered()).toBeGreaterThan(0), { timeout: 20_000, interval: 2 });
    chat.process.kill("SIGINT");
    await vi.waitFor(() => expect(chat.stdout).toMatch(/\n/), { timeout: 20_000 });
    const first = chat.stdout.length;
    chat.process.stdin!.write("Hello again!\n");
    await vi.waitFor(() => expect(answered()).toBeGreaterThan(first + 2), { timeout: 20_000 });
    chat.process.stdin!.end("/quit\n");
    expect(await chat.exited).toBe(0);
    expect(chat.stderr).toBe("");
  });
});

describe("bench", () => {
  const small = ["--input-len", "16", "--output-len", "8", "--json"];

  test("serve measures what a client sees", async () => {
    const args = [
      "--base-url",
      server.url,
      "--api-key",
      KEY,
      "--num-prompts",
      "12",
      "--max-concurrency",
      "3",
      ...small,
    ];
    const { code, stdout, stderr } = await runCli(["bench", "serve", ...args, "--request-rate", "100"]);
    expect([code, stderr]).toEqual([0, ""]);
    const result = JSON.parse(stdout) as Record<string, number>;
    expect(result).toMatchObject({
      completed: 12,
      failed: 0,
      total_input_tokens: 12 * 16,
      total_output_tokens: 12 * 8,
    });
    expect(result.mean_ttft_ms).toBeGreaterThan(0);
    expect(result.p99_e2el_ms).toBeGreaterThanOrEqual(result.p50_e2el_ms!);
    expect(result.mean_e2el_ms).toBeCloseTo(result.mean_ttft_ms! + 7 * result.mean_tpot_ms!, 6);
    expect(result.output_throughput! * result.duration!).toBeCloseTo(12 * 8, 6);
    const wrong = await runCli(["bench", "serve", ...args, "--model", "other"]);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("The model `other` does not exist") });
    const text = await runCli(["bench", "serve", ...args.slice(0, -1), "--text-prompts"]);
    expect(text.stdout).toMatch(/^-- 12 requests of 16 \+ 8 tokens to pocket -*\ncompleted requests +12\n/);
  });

  test("latency and throughput run the engine alone", async () => {
    const iterations = ["--batch-size", "2", "--num-iters", "3", "--num-iters-warmup", "0"];
    const latency = await runCli(["bench", "latency", ...CPU, ...small, ...iterations]);
    expect(JSON.parse(latency.stdout)).toMatchObject({
      latencies: [expect.any(Number), expect.any(Number), expect.any(Number)],
    });
    const throughput = await runCli(["bench", "throughput", ...CPU, ...small, "--num-prompts", "5"]);
    expect(JSON.parse(throughput.stdout)).toMatchObject({ num_requests: 5, total_num_tokens: 5 * (16 + 8) });
  });
});

test("doctor, inspect and completion answer without a model in memory", async () => {
  const doctor = await runCli(["doctor"]);
  expect(doctor).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("Models can run here.") });
  const checks = JSON.parse((await runCli(["doctor", "--json"])).stdout) as { name: string; status: string }[];
  expect(checks).toContainEqual(expect.objectContaining({ name: "CPU kernels", status: "ok" }));
  const inspect = JSON.parse((await runCli(["inspect", "--json"])).stdout) as Record<"tensors" | "devices", unknown[]>;
  expect(inspect).toMatchObject({ memory: { kvBytesPerToken: 4096 }, config: { architecture: "LlamaForCausalLM" } });
  expect(inspect.tensors).toHaveLength(74);
  expect(inspect.devices[0]).toMatchObject({ device: "cpu", problem: null, weights: { weightBytes: 14_688_768 } });
  const missing = await runCli(["inspect", "/nonexistent"]);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^octavo: \/nonexistent does not exist/) });
  expect((await runCli(["completion", "bash"])).stdout).toContain("complete -o default -F _octavo octavo");
});
