// Two things that are loaded at once, of which the second must not be left behind.

/** Both results; when one fails, the other is awaited and disposed of before the error is thrown. */
export async function settleBoth<A, B extends { dispose(): Promise<void> }>(
  a: Promise<A>,
  b: Promise<B>,
): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === "fulfilled" && second.status === "fulfilled") return [first.value, second.value];
  if (second.status === "rejected") throw second.reason;
  await second.value.dispose();
  throw (first as PromiseRejectedResult).reason;
}
