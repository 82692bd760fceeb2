// Runs a property and says, where it fails, how to see that again: the smallest case as text, and its seed.
import fc from "fast-check";

/** Where nothing else is said every run checks the same cases, so that a change which breaks nothing never fails. */
const DEFAULT_SEED = 1;

/**
 * OCTAVO_FUZZ_RUNS=<number> says how many cases, OCTAVO_FUZZ_SEED=<number> which ones, OCTAVO_FUZZ_PATH=<path> goes to one of them.
 * @param runs by default
 * @param keepIn the file that keeps cases which failed once
 * @returns how many cases were checked
 * @throws with the smallest case that fails
 */
export async function checkProperty<T>(
  cases: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
  runs: number,
  keepIn: string,
): Promise<number> {
  const { OCTAVO_FUZZ_SEED, OCTAVO_FUZZ_RUNS, OCTAVO_FUZZ_PATH: path } = process.env;
  const seed = Number(OCTAVO_FUZZ_SEED ?? DEFAULT_SEED);
  const details = await fc.check(fc.asyncProperty(cases, check), {
    seed,
    numRuns: Number(OCTAVO_FUZZ_RUNS ?? runs),
    ...(path !== undefined && { path }),
  });
  const { failed, numRuns, numShrinks, counterexample, counterexamplePath, errorInstance: cause } = details;
  console.info(`fuzz: seed ${seed}, ${numRuns} cases`);
  if (!failed) return numRuns;
  const problem = cause instanceof Error ? cause.message : String(cause);
  throw new Error(
    `case ${numRuns} of seed ${seed} fails: ${problem}\n\nAfter ${numShrinks} shrinks this is left, for ${keepIn}:\n\n` +
      `${fc.stringify(counterexample?.[0])},\n\nTo repeat it: OCTAVO_FUZZ_SEED=${seed} OCTAVO_FUZZ_PATH=${counterexamplePath}`,
    { cause },
  );
}
