// What a beam search may be told, checked.
import { checkArgument } from "@octavo/core";
import type { BeamSearchParams, EngineInfo } from "./engine.js";
import { checkKeys } from "./known-keys.js";
import { wholeFrom } from "./param-checks.js";

export interface ResolvedBeamSearch {
  readonly width: number;
  readonly maxTokens: number;
  readonly lengthPenalty: number;
  readonly ends: ReadonlySet<number>;
  /** Logprobs of so many tokens leave `width` that are no end tokens. */
  readonly alternatives: number;
}

/** Logprobs are objects, and those of kept beams stay. Measured, so many take 60 MB, and 1.3 GB. */
const MOST_LOGPROBS_A_TOKEN = 2 ** 17;
const MOST_LOGPROBS = 2 ** 25;

const KNOWN: Readonly<Record<keyof BeamSearchParams, true>> = {
  beamWidth: true,
  maxTokens: true,
  lengthPenalty: true,
  ignoreEos: true,
  includeStopStrInOutput: true,
  skipSpecialTokens: true,
  cacheSalt: true,
};

/** @param endTokenIds the model's @throws INVALID_ARGUMENT with `param` */
export function resolveBeamSearch(
  params: BeamSearchParams,
  info: EngineInfo,
  promptLength: number,
  endTokenIds: readonly number[],
): ResolvedBeamSearch {
  checkKeys(params, KNOWN, "beam search parameter");
  const { beamWidth: width = 4, lengthPenalty = 1, ignoreEos = false } = params;
  const { maxModelLen, maxLogprobs, vocabSize, logprobsMode, generationDefaults } = info;
  const room = maxModelLen - promptLength;
  const asked = params.maxTokens === undefined ? 16 : (params.maxTokens ?? room);
  const capped = Math.min(room, generationDefaults.maxNewTokens ?? room);
  checkArgument(
    Number.isSafeInteger(width) && width >= 1 && width <= vocabSize,
    `beam_width must be a whole number from 1 to ${vocabSize}, the vocabulary, got ${width}`,
    "beam_width",
  );
  const ends = new Set(ignoreEos ? [] : endTokenIds);
  const alternatives = Math.min(vocabSize, ignoreEos ? width : width + Math.max(width, ends.size));
  checkArgument(
    Number.isFinite(lengthPenalty),
    `length_penalty must be a finite number, got ${lengthPenalty}`,
    "length_penalty",
  );
  checkArgument(
    alternatives <= maxLogprobs,
    `beam_width is ${width}: so many beams need ${alternatives} logprobs a token, this engine shows at most ${maxLogprobs}: ` +
      "search with fewer, or raise max_logprobs",
    "beam_width",
  );
  checkArgument(
    logprobsMode.endsWith("logprobs"),
    `a beam search adds up logprobs, this engine shows ${logprobsMode}: load it with another logprobs_mode`,
    "logprobs_mode",
  );
  const maxTokens = Math.min(wholeFrom("max_tokens", asked, 1, Number.MAX_SAFE_INTEGER), capped);
  const looks = width * alternatives;
  checkArgument(
    looks <= MOST_LOGPROBS_A_TOKEN && looks * maxTokens <= MOST_LOGPROBS,
    `beam_width is ${width}: so many beams of up to ${maxTokens} tokens look at ${looks} logprobs a token, at most ${MOST_LOGPROBS_A_TOKEN} ` +
      `and ${MOST_LOGPROBS} in all are possible: search with fewer, or for fewer tokens`,
    "beam_width",
  );
  return { width, maxTokens, lengthPenalty, ends, alternatives };
}
