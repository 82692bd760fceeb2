// `generationConfig` and `overrideGenerationConfig`: where the sampling parameters come from that requests leave out.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkArgument, OctavoError } from "@octavo/core";
import { type GenerationDefaults, type ModelSource, readEndTokens, readGenerationDefaults } from "@octavo/models";
import type { EngineOptions } from "./engine-options.js";
import { checkKeys } from "./known-keys.js";
import { wholeFrom } from "./param-checks.js";
import { resolveSamplingParams } from "./sampling-params.js";
import { fromSnakeCase } from "./snake-case.js";

const OVERRIDE = "override_generation_config";

const KNOWN: Readonly<Record<keyof GenerationDefaults, true>> = {
  temperature: true,
  topP: true,
  topK: true,
  minP: true,
  repetitionPenalty: true,
  maxNewTokens: true,
};

/** What can be said of a sampling parameter without a model. */
const ANY_MODEL = { defaults: {}, vocabSize: 2 ** 31, maxModelLen: 2 ** 31, numPromptTokens: 0 };

/** @throws INVALID_ARGUMENT; CHECKPOINT that names file and field */
export function checkGenerationConfig(options: EngineOptions): void {
  const folder = folderOf(options);
  if (folder !== null) {
    checkArgument(
      existsSync(join(folder, "generation_config.json")),
      `generation_config must be auto, vllm or a folder with a generation_config.json, "${folder}" has none`,
      "generation_config",
    );
    readGenerationDefaults(folder);
  }
  if (options.overrideGenerationConfig !== undefined) checkOverride(options.overrideGenerationConfig);
}

/** What requests take where they leave a parameter out. @throws CHECKPOINT that names file and field */
export function resolveGenerationDefaults(
  options: EngineOptions,
  source: Pick<ModelSource, "generationDefaults">,
): GenerationDefaults {
  const { generationConfig = "auto", overrideGenerationConfig } = options;
  const folder = folderOf(options);
  const ofModel = generationConfig === "auto" ? source.generationDefaults() : {};
  return { ...(folder === null ? ofModel : readGenerationDefaults(folder)), ...overrideGenerationConfig };
}

/** The end tokens that a folder of its own names, else the model's. @throws CHECKPOINT that names file and field */
export function resolveEndTokens(options: EngineOptions, ofModel: readonly number[]): readonly number[] {
  const folder = folderOf(options);
  return (folder === null ? undefined : readEndTokens(folder)) ?? ofModel;
}

/**
 * The `overrideGenerationConfig` of a JSON object with generation_config.json's keys, such as `{"temperature": 0.5}`.
 * @throws INVALID_ARGUMENT for what is no object, for unknown keys and for values out of range
 */
export function generationConfigOf(json: unknown): GenerationDefaults {
  const override = fromSnakeCase(json, Object.keys(KNOWN) as (keyof GenerationDefaults)[], OVERRIDE);
  checkOverride(override as GenerationDefaults);
  return override as GenerationDefaults;
}

function folderOf({ generationConfig = "auto" }: EngineOptions): string | null {
  return generationConfig === "auto" || generationConfig === "vllm" ? null : generationConfig;
}

function checkOverride(override: GenerationDefaults): void {
  checkKeys(override, KNOWN, `key of ${OVERRIDE}`);
  const { maxNewTokens, ...params } = override;
  try {
    if (maxNewTokens != null) wholeFrom("max_new_tokens", maxNewTokens, 1, Number.MAX_SAFE_INTEGER);
    resolveSamplingParams(params, ANY_MODEL);
  } catch (error) {
    const { message, param } = OctavoError.from(error);
    throw new OctavoError({
      code: "INVALID_ARGUMENT",
      message: `${OVERRIDE}.${message}`,
      param: `${OVERRIDE}.${param}`,
    });
  }
}
