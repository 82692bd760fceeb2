// Starts `octavo serve` as a user would: a process of its own, from the built package.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../packages/server/dist/cli.js", import.meta.url));

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildProcess;
  /** All of stderr so far. */
  log(): string;
  /** Fulfilled with the exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** A running command. */
export interface Started {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  stdout: string;
  stderr: string;
}

/** @param stdin "pipe" for commands that read it */
export function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  stdin: "ignore" | "pipe" = "ignore",
): Started {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, OCTAVO_API_KEY: "", ...env },
    stdio: [stdin, "pipe", "pipe"],
  });
  const exited = once(child, "close").then(([code]) => code as number | null);
  const started: Started = { process: child, exited, stdout: "", stderr: "" };
  child.stdout!.on("data", (data: Buffer) => {
    started.stdout += data;
  });
  child.stderr!.on("data", (data: Buffer) => {
    started.stderr += data;
  });
  return started;
}

/** A server that answers, on a free port. @throws with its output when it exits instead */
export async function startServer(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
  const started = start(["serve", "--device", "cpu", "--port", "0", ...args], env);
  const { process: child, exited } = started;
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on("data", () => {
      const address = /address {2}(http:\S+).*\n/.exec(started.stdout);
      if (address) resolve(address[1]!);
    });
    void exited.then((code) => reject(new Error(`the server exited with ${code}: ${started.stderr}`)));
  });
  return {
    url,
    process: child,
    exited,
    log: () => started.stderr,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Runs the command to its end. @param input for its stdin */
export async function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}, input?: string) {
  const started = start(args, env, input === undefined ? "ignore" : "pipe");
  started.process.stdin?.end(input);
  const code = await started.exited;
  return { code, stdout: started.stdout, stderr: started.stderr };
}
