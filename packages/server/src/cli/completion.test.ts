// The bash script is run by bash itself.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { createProgram } from "../program.js";
import { completionScript } from "./completion.js";

const program = createProgram(async () => {});

/** What bash offers for the last word. */
function complete(...words: string[]): string[] {
  const script = `${completionScript(program, "bash")}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _octavo; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" })
    .split("\n")
    .filter(Boolean);
}

test("bash completes commands, flags and their values", () => {
  expect(complete("octavo", "")).toEqual(expect.arrayContaining(["serve", "chat", "bench", "completion"]));
  expect(complete("octavo", "se")).toEqual(["serve"]);
  expect(complete("octavo", "bench", "")).toEqual(expect.arrayContaining(["latency", "throughput", "serve"]));
  expect(complete("octavo", "serve", "--max-m")).toEqual(["--max-model-len"]);
  expect(complete("octavo", "serve", "folder", "--dtype", "b")).toEqual(["bfloat16"]);
  expect(complete("octavo", "bench", "serve", "--base")).toEqual(["--base-url"]);
  expect(complete("octavo", "serve", "--base")).toEqual([]);
  // Files are bash's business.
  expect(complete("octavo", "serve", "--config", "")).toEqual([]);
});

test("zsh takes bash's script, fish gets its own", () => {
  expect(completionScript(program, "zsh")).toMatch(/^#compdef octavo\n.*bashcompinit/);
  const fish = completionScript(program, "fish");
  expect(fish).toContain(
    "complete -c octavo -n '__fish_seen_subcommand_from serve; and not __fish_seen_subcommand_from bench' -l device -x -a 'auto cpu cuda' -d 'backend; auto: a GPU where there is one'",
  );
  expect(fish).toContain(
    "__fish_seen_subcommand_from bench; and __fish_seen_subcommand_from latency' -l batch-size -r",
  );
});
