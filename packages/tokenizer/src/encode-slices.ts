// Two ways to run an encoder: at once, or in slices between which the thread does other things.

/** Milliseconds without a pause: short beside the time of a step, long beside what a pause costs. */
const SLICE_MS = 4;

type Work<T> = Generator<void, T>;

export function whole<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

export async function inSlices<T>(work: Work<T>): Promise<T> {
  let since = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - since < SLICE_MS) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    since = performance.now();
  }
}
