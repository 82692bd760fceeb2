// How long a step takes, learnt from those that were measured: a Kalman filter over a linear model, in fixed arrays.

/** What a step's time is made of: a constant, rows, tokens beyond one a row, and pairs of a token and one before it. */
const TERMS = 4;

/** Standard deviations of the coefficients, in ms, before anything was measured: wide, so that the first steps decide. */
const PRIOR = [10, 1, 1, 1e-3] as const;

/** How far a coefficient may drift in a step, as a share of its prior deviation. What is not seen stays, but is trusted less. */
const DRIFT = 1e-3;

/** Measurement noise: a share of the predicted time, and a floor in ms. */
const NOISE_SHARE = 0.1;
const NOISE_FLOOR_MS = 0.05;

/** A step that is further off than this, in standard deviations, was disturbed from outside: it counts as if it were no further. */
const OUTLIER = 3;

/** Weight of the latest step with a prompt in the mean error. */
const ERROR_WEIGHT = 0.05;

/** ms = c0 + c1 rows + c2 extraTokens + c3 pairs, with coefficients that follow the measured steps. */
export class StepCostModel {
  /** Steps that were measured. */
  steps = 0;
  /** Mean error of the predictions, as a share of the time, over the last few dozen steps that had a part of a prompt. */
  meanError = 0;
  readonly #coefficients = new Float64Array(TERMS);
  readonly #covariance = new Float64Array(TERMS * TERMS);
  readonly #terms = new Float64Array(TERMS);
  readonly #gain = new Float64Array(TERMS);

  constructor() {
    for (let i = 0; i < TERMS; i++) this.#covariance[i * TERMS + i] = PRIOR[i]! ** 2;
  }

  /** @returns ms */
  predict(rows: number, extraTokens: number, pairs: number): number {
    const of = this.#coefficients;
    return of[0]! + of[1]! * rows + of[2]! * extraTokens + of[3]! * pairs;
  }

  /** Learns from a step that took `ms`. */
  observe(rows: number, extraTokens: number, pairs: number, ms: number): void {
    const terms = this.#terms;
    terms[0] = 1;
    terms[1] = rows;
    terms[2] = extraTokens;
    terms[3] = pairs;
    const predicted = this.predict(rows, extraTokens, pairs);
    let error = ms - predicted;
    if (extraTokens > 0 && ms > 0)
      this.meanError += ERROR_WEIGHT * (Math.min(Math.abs(error) / ms, 1) - this.meanError);
    this.#drift();
    const variance = this.#spread() + (NOISE_SHARE * Math.max(predicted, 0) + NOISE_FLOOR_MS) ** 2;
    const limit = OUTLIER * Math.sqrt(variance);
    error = Math.min(Math.max(error, -limit), limit);
    this.#correct(error, variance);
    this.steps++;
  }

  /**
   * How many tokens a further row may have.
   * @param budget ms that they may take
   * @param context tokens before them in their sequence
   */
  tokensWithin(budget: number, context: number): number {
    const left = budget - this.#coefficients[1]!;
    if (left <= 0) return 0;
    const pair = this.#coefficients[3]!;
    const token = this.#coefficients[2]! + pair * context;
    // left = token n + pair n^2 / 2; a free token costs nothing, so that any number fits.
    if (pair <= 0) return token > 0 ? 1 + Math.floor(left / token) : Number.MAX_SAFE_INTEGER;
    return 1 + Math.floor((Math.sqrt(token * token + 2 * pair * left) - token) / pair);
  }

  /** What `tokens` of a further row take, in ms. */
  rowCost(tokens: number, context: number): number {
    const pairs = pairsOf(tokens, context);
    return this.#coefficients[1]! + this.#coefficients[2]! * (tokens - 1) + this.#coefficients[3]! * pairs;
  }

  /** For people: the coefficients in ms. */
  coefficients(): { step: number; row: number; token: number; pair: number } {
    const [step, row, token, pair] = this.#coefficients;
    return { step: step!, row: row!, token: token!, pair: pair! };
  }

  #drift(): void {
    for (let i = 0; i < TERMS; i++) {
      const at = i * TERMS + i;
      const prior = PRIOR[i]! ** 2;
      this.#covariance[at] = Math.min(this.#covariance[at]! + prior * DRIFT ** 2, prior);
    }
  }

  /** Leaves covariance times terms in `#gain`. @returns the variance of the prediction */
  #spread(): number {
    let variance = 0;
    for (let i = 0; i < TERMS; i++) {
      let sum = 0;
      for (let j = 0; j < TERMS; j++) sum += this.#covariance[i * TERMS + j]! * this.#terms[j]!;
      this.#gain[i] = sum;
      variance += this.#terms[i]! * sum;
    }
    return variance;
  }

  #correct(error: number, variance: number): void {
    const gain = this.#gain;
    // No part of a step takes less than no time.
    for (let i = 0; i < TERMS; i++) {
      this.#coefficients[i] = Math.max(0, this.#coefficients[i]! + (gain[i]! / variance) * error);
    }
    for (let i = 0; i < TERMS; i++) {
      for (let j = 0; j < TERMS; j++) this.#covariance[i * TERMS + j]! -= (gain[i]! * gain[j]!) / variance;
    }
  }
}

/** Pairs of one of `tokens` new tokens and one that it attends to, when `context` came before. */
export function pairsOf(tokens: number, context: number): number {
  return tokens * (context + tokens / 2);
}
