// Length distributions, as the command line writes them.
import { checkArgument, OctavoError } from "@octavo/core";
import type { Random } from "../random.js";
import { PythonRandom } from "./python-random.js";

/** nano-vllm's benchmark draws from this range with random.seed(0): first its prompts' lengths, then its outputs'. */
const NANO_LOW = 100;
const NANO_HIGH = 1024;

export const LENGTHS_SYNTAX = "N, uniform:LOW:HIGH, lognormal:MEDIAN:SIGMA[:MAX] or nano";

/** Draws the next length, a whole number of 1 or more. */
export type Lengths = () => number;

/**
 * @param text in {@link LENGTHS_SYNTAX}. `nano`: the lengths of nano-vllm's benchmark, the same whatever the seed
 * @param skip how many of nano's draws come before these
 * @throws INVALID_ARGUMENT for another text
 */
export function parseLengths(text: string, random: Random, skip: number): Lengths {
  const [kind, ...rest] = text.split(":");
  const numbers = rest.map(Number);
  if (kind === "nano" && rest.length === 0) {
    const python = new PythonRandom(0);
    for (let i = 0; i < skip; i++) python.randint(NANO_LOW, NANO_HIGH);
    return () => python.randint(NANO_LOW, NANO_HIGH);
  }
  if (kind === "uniform" && rest.length === 2) {
    const [low, high] = numbers as [number, number];
    const fits = Number.isSafeInteger(low) && Number.isSafeInteger(high) && low >= 1 && low <= high;
    checkArgument(fits, `lengths ${text}: from a whole number of 1 or more to one that is not smaller`, "length");
    return () => random.integer(low, high);
  }
  if (kind === "lognormal" && (rest.length === 2 || rest.length === 3)) {
    const [median, sigma, max = Number.POSITIVE_INFINITY] = numbers as [number, number, number?];
    const fits = median >= 1 && sigma >= 0 && Number.isFinite(median) && Number.isFinite(sigma) && max >= 1;
    checkArgument(fits, `lengths ${text}: median and maximum are 1 or more, sigma is 0 or more`, "length");
    return () => Math.max(1, Math.min(max, Math.round(median * Math.exp(sigma * random.normal()))));
  }
  const fixed = Number(kind);
  if (rest.length === 0 && Number.isSafeInteger(fixed) && fixed >= 1) return () => fixed;
  throw new OctavoError({
    code: "INVALID_ARGUMENT",
    message: `lengths "${text}" are none of ${LENGTHS_SYNTAX}`,
    param: "length",
  });
}
