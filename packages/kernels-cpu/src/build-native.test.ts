import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const script = (name: string) => fileURLToPath(new URL(`../scripts/${name}.mjs`, import.meta.url));

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Runs a script on a machine that has only these tools: each a shell script's text, or a program's path. */
function run(name: string, tools: Record<string, string>, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "octavo-tools-"));
  folders.push(folder);
  symlinkSync("/bin/sh", join(folder, "sh"));
  for (const [tool, text] of Object.entries(tools)) {
    writeFileSync(join(folder, tool), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  const { status, stderr } = spawnSync(process.execPath, [script(name)], {
    env: { PATH: folder, ...env },
    encoding: "utf8",
  });
  return { status, stderr };
}

test("a bare machine: everything missing is named at once, with its own package manager's command", () => {
  for (const [manager, command] of [
    ["apt-get", "apt-get install -y g++ cmake make"],
    ["apk", "apk add g++ cmake make"],
  ] as const) {
    const { status, stderr } = run("build-native", { [manager]: "exit 0" });
    expect(status).toBe(1);
    expect(stderr).toContain(
      "lacks cmake (3.20 or later) and a C++20 compiler (tried c++, g++, clang++) and make or ninja",
    );
    expect(stderr).toContain(command);
  }
});

test("an old cmake and a compiler without C++20 are told apart from missing ones", () => {
  const { status, stderr } = run("build-native", {
    cmake: "echo cmake version 3.16.3",
    make: "echo GNU Make",
    "g++": "exit 1",
  });
  expect(status).toBe(1);
  expect(stderr).toContain("lacks cmake 3.20 or later (found 3.16) and a C++20 compiler");
  expect(stderr).not.toContain("ninja");
});

test("the install hook does nothing when the addon loads or when told not to build", () => {
  expect(run("install", {})).toEqual({ status: 0, stderr: "" });
  expect(run("install", {}, { OCTAVO_SKIP_NATIVE: "1" })).toEqual({ status: 0, stderr: "" });
});
