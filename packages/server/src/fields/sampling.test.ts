// The ranges that /openapi.json tells are those that the engine checks.
import { resolveSamplingParams } from "@octavo/engine/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { toJsonSchema } from "../openapi/json-schema.js";
import { samplingFields, toSamplingParams } from "./sampling.js";

const context = { defaults: {}, vocabSize: 100, maxModelLen: 50, numPromptTokens: 10, maxLogprobs: 100 };

function accepts(body: object): boolean {
  const parsed = z.object(samplingFields).safeParse(body);
  if (!parsed.success) return false;
  try {
    resolveSamplingParams(toSamplingParams(parsed.data, parsed.data.max_tokens ?? null), context);
    return true;
  } catch {
    return false;
  }
}

const { properties } = toJsonSchema(z.object(samplingFields)) as {
  properties: Record<string, Record<string, unknown>>;
};

const RANGES = [
  ...["temperature", "top_p", "top_k", "min_p", "max_tokens", "min_tokens"],
  ...["repetition_penalty", "presence_penalty", "frequency_penalty", "prompt_logprobs"],
];

test.each(RANGES)("%s", (field) => {
  const { minimum, exclusiveMinimum, maximum } = properties[field] as Record<string, number | undefined>;
  if (minimum !== undefined)
    expect([accepts({ [field]: minimum }), accepts({ [field]: minimum - 1 })]).toEqual([true, false]);
  if (exclusiveMinimum !== undefined) expect(accepts({ [field]: exclusiveMinimum })).toBe(false);
  if (maximum !== undefined && maximum < 2 ** 40) {
    expect([accepts({ [field]: maximum }), accepts({ [field]: maximum + 1 })]).toEqual([true, false]);
  }
});

test("stop", () => {
  const [one, list] = properties.stop!.anyOf as [{ minLength: number; maxLength: number }, { maxItems: number }];
  expect(accepts({ stop: "a".repeat(one.minLength) })).toBe(true);
  expect(accepts({ stop: "" })).toBe(false);
  expect(accepts({ stop: "a".repeat(one.maxLength) })).toBe(true);
  expect(accepts({ stop: "a".repeat(one.maxLength + 1) })).toBe(false);
  expect(accepts({ stop: new Array(list.maxItems).fill("a") })).toBe(true);
  expect(accepts({ stop: new Array(list.maxItems + 1).fill("a") })).toBe(false);
});
