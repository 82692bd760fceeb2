// The official OpenAI client for Python against a real server with Pocket. Without it the test is skipped, and says so.
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startServer } from "./server-process.js";

const SCRIPT = fileURLToPath(new URL("openai_client.py", import.meta.url));
const installed = spawnSync("python3", ["-c", "import openai"]).status === 0;
if (!installed)
  console.warn("SKIPPED test/e2e/openai-python.test.ts: python3 cannot import openai; pip install openai.");

test.skipIf(!installed)("the OpenAI client of PyPI", async () => {
  await using server = await startServer();
  const run = promisify(execFile)("python3", [SCRIPT, server.url], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  const { stderr } = await run.catch((error: Error & { stderr?: string }) => {
    throw new Error(error.stderr || error.message);
  });
  expect(stderr).toMatch(/Ran 13 tests in .*\n\nOK\n$/);
});
