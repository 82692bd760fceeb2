// Finds what a source build needs, and names what is missing with the command that installs it. Plain Node: the repository's
// bootstrap uses it before anything is installed.
import { spawnSync } from "node:child_process";

const MINIMUM_CMAKE = [3, 20];

/** What to type, by the package manager that this machine has. */
const INSTALL_COMMANDS = {
  "apt-get": "apt-get install -y g++ cmake make",
  dnf: "dnf install -y gcc-c++ cmake make",
  pacman: "pacman -S --noconfirm gcc cmake make",
  apk: "apk add g++ cmake make",
};

/** Tools that are missing or too old, in words; empty when the addon can be built. */
function missingTools() {
  const missing = [];
  const version = /cmake version (\d+)\.(\d+)/.exec(output("cmake", ["--version"]));
  if (!version) missing.push("cmake (3.20 or later)");
  else if (Number(version[1]) * 100 + Number(version[2]) < MINIMUM_CMAKE[0] * 100 + MINIMUM_CMAKE[1]) {
    missing.push(`cmake 3.20 or later (found ${version[1]}.${version[2]})`);
  }
  const compilers = process.env.CXX ? [process.env.CXX] : ["c++", "g++", "clang++"];
  if (!compilers.some(compilesCpp20)) missing.push(`a C++20 compiler (tried ${compilers.join(", ")})`);
  if (!["ninja", "make"].some((tool) => output(tool, ["--version"]) !== "")) missing.push("make or ninja");
  return missing;
}

function compilesCpp20(compiler) {
  const source = "#include <atomic>\n#include <thread>\nint main() { std::atomic<int> a{0}; a.notify_all(); }\n";
  const [command, ...flags] = compiler.split(" ");
  const result = spawnSync(command, [...flags, "-std=c++20", "-x", "c++", "-fsyntax-only", "-"], { input: source });
  return result.status === 0;
}

function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? stdout : "";
}

function installCommand() {
  const manager = Object.keys(INSTALL_COMMANDS).find((name) => output("sh", ["-c", `command -v ${name}`]) !== "");
  const command = manager ? INSTALL_COMMANDS[manager] : "the package manager of this system";
  return manager && process.getuid?.() !== 0 ? `sudo ${command}` : command;
}

/** @returns {string | null} what this machine lacks for building the addon and how to get it; null when it lacks nothing */
export function missingToolchain() {
  const missing = missingTools();
  if (missing.length === 0) return null;
  return (
    `the native addon cannot be built, because this machine lacks ${missing.join(" and ")}.\n` +
    `Install it with: ${installCommand()}\nThen run the same command again.`
  );
}
