// Row counts for which a decode step may be captured as a graph.

/** Beyond this a step's ops take longer than their launches. */
const LARGEST = 512;

/** 1, 2, 4, then multiples of 8 to 256 and of 16 to 512, and `maxNumSeqs` itself where it is smaller: as vLLM chooses them. */
export function decodeBuckets(maxNumSeqs: number): number[] {
  const largest = Math.min(maxNumSeqs, LARGEST);
  const buckets = [1, 2, 4].filter((rows) => rows < largest);
  for (let rows = 8; rows < largest; rows += rows < 256 ? 8 : 16) buckets.push(rows);
  return [...buckets, largest];
}
