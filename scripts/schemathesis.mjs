// Sends thousands of made-up requests to a server with Pocket, from its own OpenAPI document, and fails on a status of 500 or a reply
// that the document does not describe. Needs schemathesis from PyPI: node scripts/schemathesis.mjs [PATH/TO/schemathesis]
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** For each of the routes, of which four take a body: more than 2,000 in all. */
const EXAMPLES = 300;
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
  "negative_data_rejection",
  "unsupported_method",
];

const cli = fileURLToPath(new URL("../packages/server/dist/cli.js", import.meta.url));
// A short context keeps answers short; the requests matter here, not the text.
const args = ["serve", "--device", "cpu", "--port", "0", "--log-level", "error", "--max-model-len", "256"];
const server = spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "inherit"] });
const url = await new Promise((resolve, reject) => {
  let text = "";
  server.stdout.on("data", (data) => {
    text += data;
    const address = /address {2}(http:\S+)/.exec(text);
    if (address) resolve(address[1]);
  });
  server.once("exit", (code) => reject(new Error(`the server exited with ${code}`)));
});

const command = process.argv[2] ?? "schemathesis";
const flags = ["--max-examples", String(EXAMPLES), "--seed", "7", "--request-timeout", "60", "--no-shrink"];
const run = [`${url}/openapi.json`, "--checks", CHECKS.join(), "--phases", "coverage,fuzzing", ...flags];
// It leaves its cache where it runs.
const folder = mkdtempSync(join(tmpdir(), "octavo-schemathesis-"));
const { status, error } = spawnSync(command, ["run", ...run], { stdio: "inherit", cwd: folder });
rmSync(folder, { recursive: true });
if (error) console.error(`${command} cannot be run (${error.message}); pip install schemathesis`);
server.removeAllListeners("exit");
server.kill();
process.exitCode = status ?? 1;
