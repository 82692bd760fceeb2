// Texts to vectors: checks and encodes prompts, sends them to the core, cuts what comes back.
import { checkArgument, OctavoError } from "@octavo/core";
import type { Tokenizer } from "@octavo/tokenizer";
import type { CoreClient } from "./client/core-client.js";
import type { EmbeddingOutput, EmbedOptions, EngineInfo, PoolingInfo } from "./engine.js";
import { checkKeys } from "./known-keys.js";
import { normalize } from "./pooling/vectors.js";
import { encodePrompt, type Prompt } from "./prompt.js";
import type { QueueBounds } from "./queue-bounds.js";
import { truncateTokens } from "./truncate-text.js";

const KNOWN: Readonly<Record<keyof EmbedOptions, true>> = {
  dimensions: true,
  truncatePromptTokens: true,
  truncationSide: true,
};

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

  constructor(engine: EmbeddingEngine) {
    this.#engine = engine;
  }

  /** Prompts whose vectors are not there yet. */
  get numPrompts(): number {
    return this.#numPrompts;
  }

  /** @throws INVALID_ARGUMENT (with `param`) for a prompt or option, QUEUE_FULL */
  async embed(prompts: readonly Prompt[], options: EmbedOptions): Promise<EmbeddingOutput[]> {
    const { client, bounds } = this.#engine;
    const pooling = checkEmbeds(client.info);
    checkKeys(options, KNOWN, "embedding option");
    const size = resolveDimensions(options, pooling);
    bounds.check(this.#numPrompts, 0);
    const tokens = prompts.map((prompt) => this.#encode(prompt, options));
    const running = this.#send(tokens);
    this.#running.add(running);
    this.#numPrompts += prompts.length;
    try {
      const vectors = await running;
      return tokens.map((promptTokenIds, i) => {
        const embedding = vectors[i]!.slice(0, size);
        checkFinite(embedding);
        if (pooling.normalize && size < pooling.size) normalize(embedding);
        return { embedding, promptTokenIds };
      });
    } finally {
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

  /** As many at once as a step has rows, so that others need not wait for all of a long list. */
  async #send(tokens: readonly Int32Array[]): Promise<Float32Array[]> {
    const { client } = this.#engine;
    const { maxNumSeqs } = client.info;
    const answers: Promise<Float32Array[]>[] = [];
    for (let from = 0; from < tokens.length; from += maxNumSeqs) {
      answers.push(callEmbed(client, tokens.slice(from, from + maxNumSeqs)));
    }
    return (await Promise.all(answers)).flat();
  }
}

async function callEmbed(client: CoreClient, prompts: readonly Int32Array[]): Promise<Float32Array[]> {
  const lengths = Int32Array.from(prompts, ({ length }) => length);
  const tokens = new Int32Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const prompt of prompts) {
    tokens.set(prompt, at);
    at += prompt.length;
  }
  const vectors = (await client.call({ method: "embed", tokens, lengths })) as Float32Array;
  const size = vectors.length / prompts.length;
  return prompts.map((_, i) => vectors.subarray(i * size, (i + 1) * size));
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

function resolveDimensions({ dimensions }: EmbedOptions, { size }: PoolingInfo): number {
  if (dimensions === undefined) return size;
  checkArgument(
    Number.isSafeInteger(dimensions) && dimensions >= 1 && dimensions <= size,
    `dimensions must be a whole number from 1 to ${size}, got ${dimensions}`,
    "dimensions",
  );
  return dimensions;
}
