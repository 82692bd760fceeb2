// The tiny models written as GGUF files, as llama.cpp's converter writes them. Logits must be transformers' golden ones, which are of the
// folders; blocks must give the logits of the values that they stand for.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBackend } from "@octavo/kernels-cpu";
import { type RopeConfig, readModelConfig, ropeFrequencies } from "@octavo/models";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type AnyConfig, RECIPES, type Recipe } from "./gguf/recipes.js";
import { type Precision, type TestFormat, writeGguf } from "./gguf/write-gguf.js";
import { type GoldenCase, goldenModels } from "./golden.js";
import { ModelRun } from "./run-model.js";

const TOLERANCE = 1e-3;
/** Of logits whose layers round activations to 8 bits: mixtures of experts may choose others. */
const PACKED_ERROR = 0.1;

const folder = mkdtempSync(join(tmpdir(), "octavo-gguf-of-folder-"));
beforeAll(() => {
  // What is decoded is said there.
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const models = new Map(goldenModels().map((model) => [model.name, model]));
const written = RECIPES.flatMap((recipe) => recipe.models.map((name) => [name, recipe] as const));

test("every kind is there", () => {
  expect(written.map(([name]) => name).filter((name) => !models.has(name))).toEqual([]);
});

const known = written.filter(([name]) => models.has(name));

describe.each(known.map(([name, recipe]) => [name, recipe.architecture, recipe] as const))(
  "%s as %s",
  (name, _, recipe) => {
    const model = models.get(name)!;
    const source = recipe.config ? withConfig(name, model.folder, recipe.config) : model.folder;
    const config = readModelConfig(source) as AnyConfig;
    const write = (precision: Precision = "plain") => {
      const path = join(folder, `${recipe.architecture}-${name}-${precision}.gguf`);
      if (!existsSync(path)) writeGguf(recipe, config, source, path, precision);
      return path;
    };

    test("the folder's config", () => {
      const ignored = { bosTokenId: null, eosTokenIds: null, rope: null, localRope: null, splitsKeysAndValues: null };
      const found = readModelConfig(write()) as AnyConfig;
      const wanted = { ...config, ...ignored, architecture: recipe.reads ?? config.architecture };
      expect(rounded({ ...found, ...ignored })).toMatchObject(rounded(wanted) as object);
      for (const key of ["rope", "localRope"]) {
        const [own, folders] = [found[key], config[key]] as (RopeConfig | null | undefined)[];
        for (const length of folders ? [1, 256] : []) {
          const [a, b] = [ropeFrequencies(own!, length), ropeFrequencies(folders!, length)];
          expect(a.attentionScaling).toBeCloseTo(b.attentionScaling, 6);
          expect(a.inverse).toHaveLength(b.inverse.length);
          for (const [i, f] of a.inverse.entries()) {
            if (b.inverse[i] === 0) expect(f).toBeLessThan(1e-29);
            else expect(f / b.inverse[i]!).toBeCloseTo(1, 6);
          }
        }
      }
    });

    test("the golden logits", () => {
      for (const golden of model.cases.filter((c) => c.logits)) {
        const wanted = recipe.config ? logitsOf(source, golden) : golden.logits!;
        const found = logitsOf(write(), golden);
        expect(distance(found, wanted, recipe.config ? null : golden.columns), golden.name).toBeLessThan(TOLERANCE);
      }
    });

    const formats: readonly TestFormat[] =
      recipe.architecture === "gpt-oss" ? ["q8_0", "q4_0", "mxfp4"] : ["q8_0", "q4_0"];
    test.each(formats.filter(() => recipe.models[0] === name))("%s", (format) => {
      const golden = model.cases.find((c) => c.name === "p33") ?? model.cases[0]!;
      const wanted = logitsOf(write(`${format} decoded`), golden);
      expect(distance(logitsOf(write(format), golden, true), wanted, null)).toBeLessThan(TOLERANCE);
      expect(relativeError(logitsOf(write(format), golden), wanted)).toBeLessThan(PACKED_ERROR);
    });
  },
);

/** The folder with other fields in its config.json. */
function withConfig(name: string, source: string, changes: Recipe["config"]): string {
  const copy = join(folder, name);
  mkdirSync(copy);
  const fields = JSON.parse(readFileSync(join(source, "config.json"), "utf8"));
  writeFileSync(join(copy, "config.json"), JSON.stringify({ ...fields, ...changes }));
  symlinkSync(join(source, "model.safetensors"), join(copy, "model.safetensors"));
  return copy;
}

function logitsOf(path: string, { ids }: GoldenCase, dequantize = false): Float32Array[] {
  using backend = createBackend({ numThreads: 1 });
  using run = new ModelRun(path, backend, ids.length, { dtype: "float32", dequantize });
  return run.feed(ids).map((row) => row.slice());
}

function distance(found: readonly Float32Array[], wanted: readonly Float32Array[], columns: readonly number[] | null) {
  expect(found).toHaveLength(wanted.length);
  let worst = 0;
  for (const [position, row] of wanted.entries()) {
    for (const [i, value] of row.entries()) {
      const apart = Math.abs(found[position]![columns?.[i] ?? i]! - value);
      if (!(apart <= worst)) worst = apart; // NaN too
    }
  }
  return worst;
}

/** Root mean square of the difference, over that of what is wanted. */
function relativeError(found: readonly Float32Array[], wanted: readonly Float32Array[]): number {
  const square = (of: (row: number, i: number) => number) =>
    wanted.reduce((sum, row, r) => sum + row.reduce((inner, _, i) => inner + of(r, i) ** 2, 0), 0);
  return Math.sqrt(square((r, i) => found[r]![i]! - wanted[r]![i]!) / square((r, i) => wanted[r]![i]!));
}

/** Numbers as float32 has them, which is what most keys are, and a little less. */
function rounded(value: unknown): unknown {
  if (typeof value === "number") return Number(value.toPrecision(5));
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
}
