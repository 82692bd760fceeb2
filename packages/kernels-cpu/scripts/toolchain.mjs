// Finds what a source build needs, and names what is missing with the command that installs it. Plain Node.
import { spawnSync } from "node:child_process";

/** Commands that install C++ and CMake, by the package manager that this machine has. */
const INSTALLERS = [
  ["apt-get", "sudo apt-get update && sudo apt-get install -y g++ make cmake"],
  ["dnf", "sudo dnf install -y gcc-c++ make cmake"],
  ["yum", "sudo yum install -y gcc-c++ make cmake"],
  ["pacman", "sudo pacman -S --needed gcc make cmake"],
  ["zypper", "sudo zypper install -y gcc-c++ make cmake"],
  ["apk", "sudo apk add g++ make cmake"],
];

/** @returns {string | null} what is missing and how to get it, or null when a build can start */
export function checkToolchain() {
  const missing = [];
  if (!runs("cmake")) missing.push("cmake (3.20 or later)");
  if (![process.env.CXX, "c++", "g++", "clang++"].some(runs)) missing.push("a C++20 compiler (g++ 11 or later)");
  if (!runs("make") && !runs("ninja")) missing.push("make or ninja");
  if (missing.length === 0) return null;
  const installer = INSTALLERS.find(([command]) => runs(command));
  const advice = installer ? `Install with:\n\n  ${installer[1]}` : "Install them with your system's package manager.";
  return `Building the CPU kernels needs ${missing.join(" and ")}, which this machine does not have. ${advice}\n\nThen run the same command again.`;
}

function runs(command) {
  return Boolean(command) && spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}
