// `seed`: all of 64 bits, as numbers and bigints.
import { checkArgument, philox4x32 } from "@octavo/core";

/** Seeds for requests that bring none. */
export type NextSeed = () => number;

/** @param next gives one where none is asked for @throws INVALID_ARGUMENT */
export function resolveSeed(asked: number | bigint | undefined, next: NextSeed): number | bigint {
  if (isNone(asked)) return next();
  const isWide = typeof asked === "bigint";
  checkArgument(
    isWide || Number.isSafeInteger(asked),
    `seed must be an integer, as a bigint where it is beyond 2^53 - 1, which numbers cannot hold; got ${asked}`,
    "seed",
  );
  checkArgument(
    !isWide || BigInt.asIntN(64, asked) === asked,
    `seed must be a signed integer of 64 bits, got ${asked}`,
    "seed",
  );
  return asked;
}

export const randomSeed: NextSeed = () => Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);

/** Random ones, or with the engine's `seed` always the same, one after the other. */
export function seedsFrom(seed: number | bigint | undefined): NextSeed {
  if (isNone(seed)) return randomSeed;
  const key = BigInt.asUintN(64, BigInt(seed));
  const [low, high] = [Number(key & 0xffffffffn), Number(key >> 32n)];
  const words = new Uint32Array(4);
  let count = 0;
  return () => {
    philox4x32(words, count >>> 0, Math.floor(count / 2 ** 32), 0, 0, low, high);
    count++;
    return (words[0]! >>> 11) * 2 ** 32 + words[1]!;
  };
}

function isNone(seed: number | bigint | undefined): seed is undefined {
  return seed === undefined || seed === -1 || seed === -1n;
}
