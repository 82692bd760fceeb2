// How long a step takes, learnt from those that were measured: a Kalman filter over a linear model, in fixed arrays.

/**
 * What a step's time is made of: a constant; rows; tokens beyond one a row; pairs of a token and one before it; and once what a step
 * with tokens beyond one a row takes longer (other kernels, no captured graph).
 */
const TERMS = 5;

/** Units of the coefficients in ms, of the size that they may have: in them all are of the order of one, which keeps the filter exact. */
const UNITS = [10, 1, 1, 1e-3, 10] as const;

/** How far a coefficient may drift in a step, in units. What is not seen stays, but is trusted less. */
const DRIFT = 1e-3;

/**
 * Measurement noise: a share of the measured time, and a floor in ms. A step that took far too long, disturbed from outside, so says
 * little; one that was short says much.
 */
const NOISE_SHARE = 0.1;
const NOISE_FLOOR_MS = 0.05;

/** Weight of the latest step with a prompt in the mean error, and the most that one step counts: it may have been disturbed. */
const ERROR_WEIGHT = 0.05;
const MOST_ERROR = 0.5;

/** ms = c0 + c1 rows + c2 extraTokens + c3 pairs + (c4 where extraTokens > 0), with coefficients that follow the measured steps. */
export class StepCostModel {
  /** Steps that were measured. */
  steps = 0;
  /** Mean error of the predictions, as a share of the predicted time, over the last few dozen steps that had a part of a prompt. */
  meanError = 0;
  /**
   * ms. Now and then one is negative for a while. It must stay so: what has risen to make up for it would be wrong without it. Those who
   * ask for one alone get 0.
   */
  readonly #coefficients = new Float64Array(TERMS);
  /** In units, [TERMS, TERMS]. */
  readonly #covariance = new Float64Array(TERMS * TERMS);
  /** Of the step being learnt from, in units. */
  readonly #terms = new Float64Array(TERMS);
  /** Covariance times terms. */
  readonly #gain = new Float64Array(TERMS);

  constructor() {
    for (let i = 0; i < TERMS; i++) this.#covariance[i * TERMS + i] = 1;
  }

  /** @returns ms */
  predict(rows: number, extraTokens: number, pairs: number): number {
    const of = this.#coefficients;
    const once = extraTokens > 0 ? of[4]! : 0;
    return of[0]! + of[1]! * rows + of[2]! * extraTokens + of[3]! * pairs + once;
  }

  /** Learns from a step that took `ms`. */
  observe(rows: number, extraTokens: number, pairs: number, ms: number): void {
    const predicted = this.predict(rows, extraTokens, pairs);
    this.steps++;
    if (extraTokens > 0 && predicted > 0) {
      const error = Math.min(Math.abs(ms - predicted) / predicted, MOST_ERROR);
      this.meanError += ERROR_WEIGHT * (error - this.meanError);
    }
    this.#setTerms(rows, extraTokens, pairs);
    this.#drift();
    this.#correct(ms - predicted, this.#spread() + (NOISE_SHARE * ms + NOISE_FLOOR_MS) ** 2);
  }

  /**
   * How many tokens a further row may have.
   * @param budget ms that they may take
   * @param context tokens before them in their sequence
   * @param isFirst whether no row of the step has more than one token yet
   */
  tokensWithin(budget: number, context: number, isFirst: boolean): number {
    const left = budget - this.#coefficient(1) - (isFirst ? this.#coefficient(4) : 0);
    if (left <= 0) return 0;
    const pair = this.#coefficient(3);
    const token = this.#coefficient(2) + pair * context;
    // left = token n + pair n^2 / 2; a free token costs nothing, so that any number fits.
    if (pair <= 0) return token > 0 ? 1 + Math.floor(left / token) : Number.MAX_SAFE_INTEGER;
    return 1 + Math.floor((Math.sqrt(token * token + 2 * pair * left) - token) / pair);
  }

  /** What `tokens` of a further row take, in ms. */
  rowCost(tokens: number, context: number, isFirst: boolean): number {
    const once = isFirst && tokens > 1 ? this.#coefficient(4) : 0;
    const pairs = pairsOf(tokens, context);
    return once + this.#coefficient(1) + this.#coefficient(2) * (tokens - 1) + this.#coefficient(3) * pairs;
  }

  /** For people: the coefficients in ms. */
  coefficients(): { step: number; row: number; token: number; pair: number; prompt: number } {
    const [step, row, token, pair, prompt] = this.#coefficients;
    return { step: step!, row: row!, token: token!, pair: pair!, prompt: prompt! };
  }

  #coefficient(i: number): number {
    return Math.max(0, this.#coefficients[i]!);
  }

  #setTerms(rows: number, extraTokens: number, pairs: number): void {
    const terms = this.#terms;
    terms[0] = UNITS[0];
    terms[1] = UNITS[1] * rows;
    terms[2] = UNITS[2] * extraTokens;
    terms[3] = UNITS[3] * pairs;
    terms[4] = extraTokens > 0 ? UNITS[4] : 0;
  }

  #drift(): void {
    for (let at = 0; at < this.#covariance.length; at += TERMS + 1) {
      if (this.#covariance[at]! < 1) this.#covariance[at]! += DRIFT * DRIFT;
    }
  }

  /** Fills `#gain`. @returns the variance of the prediction, ms squared */
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
    for (let i = 0; i < TERMS; i++) {
      this.#coefficients[i]! += UNITS[i]! * (gain[i]! / variance) * error;
      for (let j = 0; j < TERMS; j++) this.#covariance[i * TERMS + j]! -= (gain[i]! * gain[j]!) / variance;
    }
  }
}

/** Pairs of one of `tokens` new tokens and one that it attends to, when `context` came before. */
export function pairsOf(tokens: number, context: number): number {
  return tokens * (context + tokens / 2);
}
