// Texts to vectors: checks and encodes prompts, sends them to the core, cuts what comes back.
import { checkArgument, OctavoError } from "@octavo/core";
import type { Tokenizer } from "@octavo/tokenizer";
import type { CoreClient } from "./client/core-client.js";
import { EmbeddingEnd } from "./embedding-end.js";
import type { EmbeddingOutput, EmbedOptions, EngineInfo, PoolingInfo } from "./engine.js";
import { checkKeys } from "./known-keys.js";
import { normalize } from "./pooling/vectors.js";
import { encodePrompt, type Prompt } from "./prompt.js";
import { encodeAbort } from "./protocol/commands.js";
import type { QueueBounds } from "./queue-bounds.js";
import { resolveRequestOptions } from "./request-options.js";
import { truncateTokens } from "./truncate-text.js";

const KNOWN: Readonly<Record<keyof EmbedOptions, true>> = {
  dimensions: true,
  truncatePromptTokens: true,
  truncationSide: true,
  priority: true,
  timeoutMs: true,
  signal: true,
};

/** While one is computed, the next one is there. */
const STEPS_AHEAD = 2;

/** What an embedder needs of an engine. */
export interface EmbeddingEngine {
  readonly client: CoreClient;
  readonly bounds: QueueBounds;
  tokenizer(): Tokenizer;
}

export class Embedder {
  readonly #engine: EmbeddingEngine;
  readonly #running = new Set<Promise<unknown>>();
  #numPrompts = 0;
  #lastId = 0;

  constructor(engine: EmbeddingEngine) {
    this.#engine = engine;
  }

  /** Prompts whose vectors are not there yet. */
  get numPrompts(): number {
    return this.#numPrompts;
  }

  /** @throws INVALID_ARGUMENT (with `param`) for a prompt or option, QUEUE_FULL, TIMEOUT; the signal's reason */
  async embed(prompts: readonly Prompt[], options: EmbedOptions): Promise<EmbeddingOutput[]> {
    const { client, bounds } = this.#engine;
    const pooling = checkEmbeds(client.info);
    checkKeys(options, KNOWN, "embedding option");
    const size = resolveDimensions(options, pooling);
    const { priority, timeoutMs } = options;
    const served = resolveRequestOptions({ priority, timeoutMs }, client.info.schedulingPolicy, () => 0);
    bounds.check(this.#numPrompts, 0);
    const tokens = prompts.map((prompt) => this.#encode(prompt, options));
    const numTokens = tokens.reduce((sum, { length }) => sum + length, 0);
    bounds.check(this.#numPrompts, numTokens);
    using ending = new EmbeddingEnd(options.signal, served.timeoutMs);
    const id = this.#lastId + 1;
    const running = this.#send(tokens, served.priority, ending);
    this.#running.add(running);
    this.#numPrompts += prompts.length;
    bounds.add(id, numTokens);
    try {
      const vectors = await running;
      return tokens.map((promptTokenIds, i) => {
        const embedding = vectors[i]!.slice(0, size);
        checkFinite(embedding);
        if (pooling.normalize && size < pooling.size) normalize(embedding);
        return { embedding, promptTokenIds };
      });
    } finally {
      bounds.remove(id);
      this.#running.delete(running);
      this.#numPrompts -= prompts.length;
    }
  }

  /** Waits until all vectors are there. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  #encode(prompt: Prompt, options: EmbedOptions): Int32Array {
    const { client, tokenizer } = this.#engine;
    return encodePrompt(truncateTokens(prompt, options, client.info.maxModelLen, tokenizer), tokenizer, client.info);
  }

  /** A few steps' rows at a time, so that others need not wait for all of a long list. */
  async #send(tokens: readonly Int32Array[], priority: number, ending: EmbeddingEnd): Promise<Float32Array[]> {
    const { client } = this.#engine;
    const { maxNumSeqs } = client.info;
    const answers: Promise<Float32Array[]>[] = [];
    for (let from = 0; from < tokens.length; from += maxNumSeqs) {
      if (answers.length >= STEPS_AHEAD) await answers.at(-STEPS_AHEAD);
      ending.throwIfEnded();
      const id = ++this.#lastId;
      ending.onEnd(() => client.send(encodeAbort(id)));
      const answer = callEmbed(client, id, priority, tokens.slice(from, from + maxNumSeqs), ending);
      answer.catch(() => {}); // reported below, though perhaps after another
      answers.push(answer);
    }
    return (await Promise.all(answers)).flat();
  }
}

/** @throws why it ended before its time */
async function callEmbed(
  client: CoreClient,
  id: number,
  priority: number,
  prompts: readonly Int32Array[],
  ending: EmbeddingEnd,
): Promise<Float32Array[]> {
  const lengths = Int32Array.from(prompts, ({ length }) => length);
  const tokens = new Int32Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const prompt of prompts) {
    tokens.set(prompt, at);
    at += prompt.length;
  }
  const vectors = (await client.call({ method: "embed", id, priority, tokens, lengths })) as Float32Array | undefined;
  if (vectors === undefined) ending.throwIfEnded();
  const size = vectors!.length / prompts.length;
  return prompts.map((_, i) => vectors!.subarray(i * size, (i + 1) * size));
}

/** @throws INVALID_ARGUMENT where the engine generates */
function checkEmbeds({ model, pooling }: EngineInfo): PoolingInfo {
  checkArgument(
    pooling !== undefined,
    `${model} was loaded to generate; load it with runner "pooling" for embeddings`,
    "model",
  );
  return pooling!;
}

/** @throws INVALID_ARGUMENT where the engine makes embeddings */
export function checkGenerates({ model, pooling }: EngineInfo): void {
  checkArgument(
    pooling === undefined,
    `${model} makes embeddings and generates nothing; use embed, or /v1/embeddings`,
    "model",
  );
}

/** @throws INTERNAL: JSON has no NaN, and no search would find such a vector */
function checkFinite(vector: Float32Array): void {
  if (vector.every(Number.isFinite)) return;
  const message =
    "the model computed an embedding that is not finite: its weights hold NaN or infinity, or overflow in this dtype " +
    "(float16 is the likeliest); try --dtype bfloat16 or float32, or download the weights again";
  throw new OctavoError({ code: "INTERNAL", message });
}

/** @throws INVALID_ARGUMENT for a model that was not trained for fewer, as vLLM: they would mean little */
function resolveDimensions({ dimensions }: EmbedOptions, { size, matryoshka }: PoolingInfo): number {
  if (dimensions === undefined || dimensions === size) return size;
  checkArgument(
    matryoshka !== null,
    `dimensions is ${dimensions}, but this model was not trained for fewer than its ${size} (Matryoshka representations): leave dimensions out. If it was, say so in its config.json with "is_matryoshka": true`,
    "dimensions",
  );
  const isOne = matryoshka === "any" || matryoshka!.includes(dimensions);
  const known = matryoshka === "any" ? `a whole number from 1 to ${size}` : `one of ${matryoshka!.join(", ")}`;
  checkArgument(
    Number.isSafeInteger(dimensions) && dimensions >= 1 && dimensions <= size && isOne,
    `dimensions must be ${known} for this model, got ${dimensions}`,
    "dimensions",
  );
  return dimensions;
}
