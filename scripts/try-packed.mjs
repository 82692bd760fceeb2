// Installs the packed packages into empty folders, as a user without a compiler would, and uses them: all of them, then some alone.
// Needs the registry for what Octavo depends on. node scripts/try-packed.mjs [FOLDER of pack.mjs]
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { programsOf } from "./examples.mjs";

const MOST_MEGABYTES = 60;
/** What a user has without a compiler: Node, npm, and what npm itself calls. */
const TOOLS = ["sh", "env", "uname", "ldd", "getconf", "sed", "cat", "dirname", "basename"];
const POCKET = "node_modules/@octavo/model-pocket";
const root = mkdtempSync(join(tmpdir(), "octavo-packed-"));
const folder = join(root, "app");
const packed = process.argv[2] ? resolve(process.argv[2]) : join(root, "packed");
let server;

function run(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed (${status})\n${stdout}\n${stderr}`);
  return stdout;
}

function pathWithoutCompiler() {
  const bin = join(root, "bin");
  mkdirSync(bin);
  for (const tool of TOOLS) {
    const { stdout } = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" });
    if (stdout.startsWith("/")) symlinkSync(stdout.trim(), join(bin, tool));
  }
  symlinkSync(process.execPath, join(bin, "node"));
  for (const tool of ["npm", "npx"]) symlinkSync(join(dirname(process.execPath), tool), join(bin, tool));
  return bin;
}

function dependenciesOf(name) {
  const path = new URL(`../packages/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")).dependencies ?? {};
}

/** The package and what it depends on, of Octavo's. */
function withDependencies(name) {
  const ours = Object.keys(dependenciesOf(name)).filter((dependency) => dependency.startsWith("@octavo/"));
  return [...new Set([name, ...ours.flatMap((dependency) => withDependencies(dependency.slice("@octavo/".length)))])];
}

/** Installs tarballs into a new folder. */
function install(target, files, env) {
  mkdirSync(target);
  writeFileSync(join(target, "package.json"), "{}");
  run("npm", ["install", "--no-audit", "--no-fund", ...files.map((file) => join(packed, file))], { cwd: target, env });
}

/** The first example of the README of a package that is installed alone, with Pocket's files from elsewhere as its model. */
function runExampleAlone(name, tarballs, env) {
  const wanted = withDependencies(name).sort();
  const alone = join(root, `alone-${name}`);
  const files = tarballs.filter((file) => wanted.some((one) => new RegExp(`^octavo-${one}-\\d`).test(file)));
  install(alone, files, env);
  const found = readdirSync(join(alone, "node_modules")).filter((entry) => !entry.startsWith("."));
  const ours = readdirSync(join(alone, "node_modules/@octavo")).sort();
  const others = wanted.flatMap((one) => Object.keys(dependenciesOf(one))).filter((one) => !one.startsWith("@octavo/"));
  const expected = ["@octavo", ...others].sort();
  if (found.sort().join() !== expected.join() || ours.join() !== wanted.join()) {
    throw new Error(`${name} alone installed ${found} with ${ours}; expected ${expected} with ${wanted}`);
  }
  const readme = readFileSync(join(alone, "node_modules/@octavo", name, "README.md"), "utf8");
  const [example] = programsOf(readme);
  if (!example) throw new Error(`the README of ${name} has no example`);
  symlinkSync(join(folder, POCKET), join(alone, "my-model")); // What the examples call their model.
  writeFileSync(join(alone, "example.mjs"), example.code);
  const output = run("node", ["example.mjs", "my-model/model.safetensors"], { cwd: alone, env });
  return `with ${wanted.length - 1} dependencies: ... ${output.replaceAll(/\s+/g, " ").slice(-100)}`;
}

async function ask(url) {
  for (let i = 0; i < 100; i++) {
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          model: "pocket",
          messages: [{ role: "user", content: "Hello!" }],
          max_tokens: 8,
          temperature: 0,
        }),
      });
      if (response.status !== 503) return await response.json(); // 503: the model is being loaded
    } catch {
      // Nobody listens yet.
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
  throw new Error(`no answer from ${url}`);
}

try {
  if (!process.argv[2]) run(process.execPath, [fileURLToPath(new URL("pack.mjs", import.meta.url)), packed]);
  const tarballs = readdirSync(packed).filter((name) => name.endsWith(".tgz") && !name.includes("kernels-cuda"));
  const foreign = (name) => /-linux-/.test(name) && !name.includes(`-linux-${process.arch}-`);
  const env = { PATH: pathWithoutCompiler(), HOME: process.env.HOME ?? root };
  install(
    folder,
    tarballs.filter((name) => !foreign(name)),
    env,
  );
  const megabytes = Number(run("du", ["-sm", "node_modules"], { cwd: folder }).split("\t")[0]);
  console.log(`installed: ${megabytes} MB`);
  if (megabytes > MOST_MEGABYTES) throw new Error(`that is more than ${MOST_MEGABYTES} MB`);
  for (const name of ["core", "hub", "quant", "scheduler"]) {
    console.log(`@octavo/${name} alone, ${runExampleAlone(name, tarballs, env)}`);
  }

  const port = 20000 + (process.pid % 20000);
  server = spawn("npx", ["octavo", "serve", "--port", String(port)], {
    cwd: folder,
    env,
    stdio: "inherit",
    detached: true,
  });
  const answer = await ask(`http://127.0.0.1:${port}`);
  const text = answer.choices?.[0]?.message?.content;
  if (!text) throw new Error(`octavo serve answered ${JSON.stringify(answer)}`);
  console.log(`octavo serve: ${JSON.stringify(text)}`);
} finally {
  if (server) process.kill(-server.pid);
  rmSync(root, { recursive: true });
}
