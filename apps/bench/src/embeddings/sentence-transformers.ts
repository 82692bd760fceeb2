// sentence-transformers in a process of its own: a line of texts in, a line of costs and vectors out.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const PROGRAM = `
import json, sys, time
import torch
from sentence_transformers import SentenceTransformer
torch.set_num_threads(int(sys.argv[2]))
model = SentenceTransformer(sys.argv[1], device="cpu")
for line in sys.stdin:
    texts = json.loads(line)
    cpu, wall = time.process_time(), time.perf_counter()
    vectors = model.encode(texts, batch_size=32, show_progress_bar=False)
    cost = {"cpu": 1000 * (time.process_time() - cpu), "wall": 1000 * (time.perf_counter() - wall)}
    print(json.dumps({**cost, "vectors": vectors.tolist()}), flush=True)
`;

/** Milliseconds of one call. */
export interface Cost {
  /** Of all threads of the process. */
  readonly cpu: number;
  readonly wall: number;
}

export class SentenceTransformers implements Disposable {
  readonly #process;
  readonly #lines;

  constructor(python: string, model: string, numThreads: number) {
    const env = { ...process.env, OMP_NUM_THREADS: String(numThreads), TOKENIZERS_PARALLELISM: "false" };
    this.#process = spawn(python, ["-c", PROGRAM, model, String(numThreads)], {
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async embed(texts: readonly string[]): Promise<Cost & { readonly vectors: readonly (readonly number[])[] }> {
    this.#process.stdin.write(`${JSON.stringify(texts)}\n`);
    const { done, value } = await this.#lines.next();
    if (done) throw new Error("sentence-transformers ended; its message stands above");
    return JSON.parse(value);
  }

  [Symbol.dispose](): void {
    this.#process.kill();
  }
}
