// Where a figure was measured: results without it cannot be compared.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

/** Commit, CPU and Node version, in one line. */
export function describeMachine(): string {
  return `commit ${commit()}, ${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}`;
}

function commit(): string {
  try {
    const hash = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
    const dirty = execFileSync("git", ["status", "--porcelain"], { encoding: "utf8" }).trim() !== "";
    return dirty ? `${hash} with changes` : hash;
  } catch {
    return "unknown";
  }
}
