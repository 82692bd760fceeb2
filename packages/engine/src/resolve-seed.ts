// `seed`: all of 64 bits, as numbers and bigints.
import { checkArgument } from "@octavo/core";

/** @returns a random one where none is asked for @throws INVALID_ARGUMENT */
export function resolveSeed(asked: number | bigint | undefined): number | bigint {
  if (asked === undefined || asked === -1 || asked === -1n) return Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
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
