// Golden logits and tokens made with transformers; test/fixtures/README.md says how.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesOf, openSafetensors, type Tensor } from "@octavo/core";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

export interface GoldenCase {
  readonly name: string;
  readonly ids: readonly number[];
  /** Tokens that follow with the largest logit; null where there is no single truth. */
  readonly greedy: readonly number[] | null;
  /** The same when the whole sequence is computed anew for each token. */
  readonly greedyRecompute: readonly number[] | null;
  /** The same when keys stay cached as they were rotated, where that differs; only for prompts up to the trained length. */
  readonly greedyCached: readonly number[] | null;
  /** Expected logits: float32 [ids.length][columns.length]; null when the case has none. */
  readonly logits: readonly Float32Array[] | null;
  /** The vocabulary columns that `logits` has; null: all. */
  readonly columns: readonly number[] | null;
}

export interface GoldenModel {
  readonly name: string;
  readonly folder: string;
  readonly cases: readonly GoldenCase[];
  /** What each layer leaves in the residual stream after the prompt of case p7: float32 [7, hidden]. */
  readonly layers: readonly Float32Array[];
}

/** The tiny random models of test/fixtures/models. */
export function goldenModels(): GoldenModel[] {
  const folders = readdirSync(join(FIXTURES, "models")).sort();
  return folders.map((name) => {
    const folder = join(FIXTURES, "models", name);
    return { name, folder, ...readGolden(join(folder, "golden.json"), join(folder, "golden.safetensors")) };
  });
}

/** The embedded model. */
export function goldenPocket(): GoldenModel {
  const folder = dirname(fileURLToPath(import.meta.resolve("@octavo/model-pocket/package.json")));
  return {
    name: "pocket",
    folder,
    ...readGolden(join(FIXTURES, "pocket-golden.json"), join(FIXTURES, "pocket-golden.safetensors")),
  };
}

/** The tiny GGUF model; `folder` is its file. */
export function goldenTinyGguf(): GoldenModel {
  const path = (name: string) => join(FIXTURES, "gguf", name);
  return {
    name: "tiny.gguf",
    folder: path("tiny.gguf"),
    ...readGolden(path("tiny-golden.json"), path("tiny-golden.safetensors")),
  };
}

interface StoredCase {
  readonly name: string;
  readonly prompt?: number[];
  readonly ids?: number[];
  readonly greedy?: number[] | null;
  readonly greedyRecompute?: number[];
  readonly greedyCached?: number[];
  readonly logits?: string | null;
  readonly columns?: number[] | null;
}

function readGolden(jsonPath: string, tensorPath: string): Pick<GoldenModel, "cases" | "layers"> {
  const { cases, columns = null } = JSON.parse(readFileSync(jsonPath, "utf8")) as {
    cases: StoredCase[];
    columns?: number[];
  };
  const { tensors } = openSafetensors(tensorPath);
  // Copied, because a tensor need not lie at a multiple of 4 bytes.
  const floats = (found: Tensor) => new Float32Array(Uint8Array.from(bytesOf(found)).buffer);
  const layers = Array.from({ length: tensors.size }, (_, index) => tensors.get(`layers.${index}`));
  const readCase = (stored: StoredCase): GoldenCase => {
    const found = stored.logits ? tensors.get(stored.logits) : undefined;
    const values = found && floats(found);
    const width = found?.shape[1] ?? 0;
    const ids = stored.prompt ?? stored.ids ?? [];
    return {
      name: stored.name,
      ids,
      greedy: stored.greedy ?? null,
      greedyRecompute: stored.greedyRecompute ?? null,
      greedyCached: stored.greedyCached ?? null,
      logits: values ? ids.map((_, i) => values.subarray(i * width, (i + 1) * width)) : null,
      columns: stored.columns ?? columns,
    };
  };
  return { cases: cases.map(readCase), layers: layers.filter((layer) => layer !== undefined).map(floats) };
}

/** The largest distance of computed logits from the golden ones, and where it is. */
export function largestDistance(computed: readonly Float32Array[], { logits, columns }: GoldenCase) {
  const worst = { distance: 0, position: -1, token: -1 };
  for (const [position, expected] of logits!.entries()) {
    for (const [i, value] of expected.entries()) {
      const token = columns?.[i] ?? i;
      const distance = Math.abs(computed[position]![token]! - value);
      // Negated, so that NaN is the worst of all.
      if (!(distance <= worst.distance)) Object.assign(worst, { distance, position, token });
    }
  }
  return worst;
}
