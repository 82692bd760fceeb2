// A peer in a process of its own, so that no engine's threads, memory or libraries meet another's.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FigureOptions, Rate } from "./figures.js";

const ENTRY = fileURLToPath(new URL("./peer-process.js", import.meta.url));

export type Question =
  | { readonly kind: "open"; readonly peer: string; readonly model: string; readonly threads: number }
  | { readonly kind: "measure"; readonly figure: string; readonly options: FigureOptions; readonly seed: number };

export type Answer = { readonly about: string } | Rate | { readonly error: string };

/** The parent's end. One question at a time. */
export class PeerProcess implements AsyncDisposable {
  readonly #child: ChildProcess = fork(ENTRY, { stdio: ["ignore", 2, 2, "ipc"] });

  /** Loads the model. @returns what the peer says about itself */
  async open(peer: string, model: string, threads: number): Promise<string> {
    const { about } = (await this.#ask({ kind: "open", peer, model, threads })) as { about: string };
    return about;
  }

  /** @param seed of the prompts, a new one each time */
  async measure(figure: string, options: FigureOptions, seed: number): Promise<Rate> {
    return (await this.#ask({ kind: "measure", figure, options, seed })) as Rate;
  }

  async #ask(question: Question): Promise<Answer> {
    const gone = new AbortController();
    const exit = once(this.#child, "exit", { signal: gone.signal }).then(([code]) => {
      throw new Error(`a peer's process ended with ${code}`);
    });
    try {
      const reply = once(this.#child, "message", { signal: gone.signal });
      this.#child.send(question);
      const [answer] = (await Promise.race([reply, exit])) as [Answer];
      if ("error" in answer) throw new Error(answer.error);
      return answer;
    } finally {
      gone.abort();
      exit.catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
