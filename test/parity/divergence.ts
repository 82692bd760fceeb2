// How far next-token distributions are from each other.

/** Mean of KL(P || Q) in nats over positions. @param p logits of the reference, one row a position @param q the same of another */
export function meanDivergence(p: readonly Float32Array[], q: readonly Float32Array[]): number {
  if (p.length !== q.length) throw new Error(`${p.length} and ${q.length} positions`);
  const sum = p.reduce((total, row, at) => total + divergence(row, q[at]!), 0);
  return sum / p.length;
}

function divergence(p: Float32Array, q: Float32Array): number {
  if (p.length !== q.length) throw new Error(`vocabularies of ${p.length} and ${q.length}`);
  const [logP, logQ] = [logSumExp(p), logSumExp(q)];
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const logProbability = p[i]! - logP;
    sum += Math.exp(logProbability) * (logProbability - (q[i]! - logQ));
  }
  return sum;
}

function logSumExp(row: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const x of row) if (x > largest) largest = x;
  let sum = 0;
  for (const x of row) sum += Math.exp(x - largest);
  return largest + Math.log(sum);
}
