// Every program of the README files and of docs/getting-started runs as it stands: in a folder with Pocket as `my-model`, against a
// server where it talks to one. What `npx octavo` is given there exists.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelPath } from "@octavo/model-pocket";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programsOf } from "../../scripts/examples.mjs";
import { runCli, type ServerProcess, startServer } from "../e2e/server-process.js";
import { markdownFiles, ROOT, readMarkdown } from "./markdown.js";

const SERVER = "http://127.0.0.1:8000";

/** Pages for users; those of the CUDA package need a GPU. */
const pages = markdownFiles().filter(
  (path) => /^(README|packages\/[^/]+\/README|docs\/getting-started\/.*)\.md$/.test(path) && !path.includes("cuda"),
);

let folder: string;
let server: ServerProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "octavo-examples-"));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  symlinkSync(modelPath, join(folder, "my-model"));
  server = await startServer(["--served-model-name", "mine"]);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** @param name of the file; the program's argument is a checkpoint */
async function runProgram(name: string, code: string): Promise<{ status: number | null; out: string; errors: string }> {
  writeFileSync(join(folder, name), code.replaceAll(SERVER, server.url));
  const child = spawn(process.execPath, [name, "my-model/model.safetensors"], { cwd: folder, stdio: "pipe" });
  let out = "";
  let errors = "";
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    errors += data;
  });
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, out, errors };
}

describe.each(pages)("%s", (page) => {
  const programs = programsOf(readMarkdown(page));

  test.runIf(programs.length > 0)("its programs run", async () => {
    for (const { line, code, prints } of programs) {
      const name = `${page.replace(/\W/g, "-")}-${line}.mjs`;
      const { status, out, errors } = await runProgram(name, code);
      expect(status, `${page}:${line}\n${errors}`).toBe(0);
      if (prints !== undefined) expect(out, `${page}:${line}`).toBe(prints);
    }
  });

  test("its commands have these flags", async () => {
    for (const [line, words, flags] of commandsOf(readMarkdown(page))) {
      const { code, stdout } = await runCli([...words, "--help"]);
      expect(code, line).toBe(0);
      const known = stdout.match(/--[\w-]+/g);
      for (const flag of flags) expect(known, line).toContain(flag);
    }
  });
});

test("programs are found, fragments are left out", () => {
  const page = "a\n```js\nlet b;\n```\n\n```text\nc\n```\n```js fragment\nd\n```\n```js\ne\n```\n";
  expect(programsOf(page)).toEqual([
    { line: 2, code: "let b;\n", prints: "c\n" },
    { line: 12, code: "e\n" },
  ]);
  expect(commandsOf("```sh\nnpx octavo bench latency m --seed 1 \\\n  --json # --no\n```\n")).toEqual([
    ["npx octavo bench latency m --seed 1    --json # --no", ["bench", "latency"], ["--seed", "--json"]],
  ]);
});

/** Lines of ```sh blocks that call octavo: the line, its commands, its flags. */
function commandsOf(text: string): [string, string[], string[]][] {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!.replaceAll("\\\n", " "));
  return blocks
    .flatMap((block) => block.split("\n"))
    .flatMap((line): [string, string[], string[]][] => {
      const call =
        /(?:^|\| *|&& *)(?:npx |node_modules\/\.bin\/)?octavo ((?:serve|chat|complete|inspect|pull|list|rm|doctor|completion|bench \w+)\b)([^|#]*)/.exec(
          line,
        );
      return call ? [[line, call[1]!.split(" "), call[2]!.match(/(?<=^| )--[\w-]+/g) ?? []]] : [];
    });
}
