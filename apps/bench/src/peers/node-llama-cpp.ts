// llama.cpp through node-llama-cpp, with its prebuilt CPU library. Settings are context options. OCTAVO_NODE_LLAMA_CPP names a
// folder where it is installed already.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installPackage } from "./install.js";
import type { Peer, PeerEngine, PeerOptions, Settings } from "./peer.js";

const VERSION = "3.22.1";
const WANTED = { name: "node-llama-cpp", version: VERSION, more: [`@node-llama-cpp/${cpuLibrary()}@${VERSION}`] };
/** llama.cpp rounds contexts up to this. */
const CONTEXT_STEP = 256;

/** The part of node-llama-cpp's API that is used here; its own declarations are not installed. */
interface Module {
  getLlama(options: object): Promise<Llama>;
}

interface Llama {
  readonly systemInfo: string;
  readonly llamaCppRelease: { readonly release: string };
  loadModel(options: object): Promise<{ createContext(options: object): Promise<Context> }>;
}

interface Context {
  getSequence(): Sequence;
  printTimings(): Promise<void>;
  dispose(): Promise<void>;
}

interface Sequence {
  clearHistory(): Promise<void>;
  evaluate(tokens: readonly number[], options: object): AsyncIterable<number>;
  controlledEvaluate(
    input: readonly (number | [number, object])[],
  ): Promise<readonly ({ readonly next: { readonly logits: ReadonlyMap<number, number> } } | undefined)[]>;
}

export const nodeLlamaCpp: Peer = { open: (options) => NodeLlamaCpp.open(options) };

/** A loaded model. */
export class NodeLlamaCpp implements PeerEngine {
  readonly about: string;
  readonly #createContext: (options: object) => Promise<Context>;
  readonly #log: readonly string[];
  #context: Context | undefined;
  #sequences: Sequence[] = [];

  private constructor(about: string, createContext: (options: object) => Promise<Context>, log: readonly string[]) {
    this.about = about;
    this.#createContext = createContext;
    this.#log = log;
  }

  static async open({ model, threads, settings }: PeerOptions): Promise<NodeLlamaCpp> {
    const installed = installPackage(WANTED, process.env.OCTAVO_NODE_LLAMA_CPP);
    const { getLlama } = (await import(pathToFileURL(join(installed.folder, "dist/index.js")).href)) as Module;
    const log: string[] = [];
    const llama = await getLlama({
      build: "never",
      skipDownload: true,
      gpu: false,
      maxThreads: threads,
      logLevel: "info",
      logger: (_level: string, line: string) => log.push(line),
    });
    const loaded = await llama.loadModel({ modelPath: model });
    const instructions = /AVX\S* = 1|AMX\S* = 1/g;
    const found = [...llama.systemInfo.matchAll(instructions)].map(([word]) => word.split(" ")[0]).join(", ");
    const about = `node-llama-cpp ${installed.version}, llama.cpp ${llama.llamaCppRelease.release}, ${found}, ${threads} threads`;
    const options: Settings = { batchSize: 512, threads, ...settings };
    return new NodeLlamaCpp(about, (more) => loaded.createContext({ ...options, ...more }), log);
  }

  /** A context just large enough, which is what suits llama.cpp best. */
  async prepare(requests: number, promptTokens: number, outputTokens: number): Promise<void> {
    await this.#context?.dispose();
    const contextSize = Math.ceil((promptTokens + outputTokens) / CONTEXT_STEP) * CONTEXT_STEP;
    this.#context = await this.#createContext({ sequences: requests, contextSize, performanceTracking: true });
    this.#sequences = Array.from({ length: requests }, () => this.#context!.getSequence());
  }

  async generate(prompts: readonly (readonly number[])[], outputTokens: number): Promise<number> {
    const counts = await Promise.all(prompts.map((prompt, i) => this.#generateOne(i, prompt, outputTokens)));
    return counts.reduce((a, b) => a + b, 0);
  }

  async #generateOne(index: number, prompt: readonly number[], outputTokens: number): Promise<number> {
    const sequence = this.#sequences[index]!;
    await sequence.clearHistory();
    let count = 0;
    for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
      if (++count === outputTokens) break;
    }
    return count;
  }

  /** Of llama_decode. llama.cpp counts steps of several sequences as prompts, so both kinds are added. */
  async computeSeconds(): Promise<number | undefined> {
    const start = this.#log.length;
    await this.#context!.printTimings();
    await new Promise((wake) => setTimeout(wake, 20)); // The log comes from another thread.
    const lines = this.#log.slice(start).join("\n");
    const times = [...lines.matchAll(/eval time = +([\d.]+) ms/g)].map(([, ms]) => Number(ms) / 1000);
    return times.length === 2 ? times[0]! + times[1]! : undefined;
  }

  /** The logits after each of `ids`, of the whole vocabulary, in llama.cpp's float32. */
  async logits(ids: readonly number[]): Promise<Float32Array[]> {
    await this.prepare(1, ids.length, 1);
    const rows: Float32Array[] = [];
    // In pieces, because a row comes as a Map of all tokens.
    for (let i = 0; i < ids.length; i += LOGITS_AT_ONCE) {
      const input = ids
        .slice(i, i + LOGITS_AT_ONCE)
        .map((id): [number, object] => [id, { generateNext: { logits: true, options: UNCHANGED } }]);
      for (const output of await this.#sequences[0]!.controlledEvaluate(input)) {
        const { logits } = output!.next;
        const row = new Float32Array(logits.size);
        for (const [token, logit] of logits) row[token] = logit;
        rows.push(row);
      }
    }
    return rows;
  }
}

const LOGITS_AT_ONCE = 64;
/** Sampling options that leave logits as they are; the defaults keep 40 of them. */
const UNCHANGED = { temperature: 1, topK: 0, topP: 1, minP: 0 };

/** The name of node-llama-cpp's package of libraries for this machine without a GPU. */
function cpuLibrary(): string {
  if (process.platform === "darwin") return process.arch === "arm64" ? "mac-arm64-metal" : "mac-x64";
  return `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
}
