// Every sampling parameter in plain loops, over the logits of a model that runs without an engine.
import { type Backend, gumbel } from "@octavo/core";
import type { SamplingParams } from "@octavo/engine";
import { ModelRun } from "../parity/run-model.js";

const f32 = Math.fround;

export interface OracleRequest {
  readonly prompt: readonly number[];
  readonly params: SamplingParams;
  /** The model's end tokens. */
  readonly endTokenIds?: readonly number[];
  /** `params.badWords` as token ids. */
  readonly badWordIds?: readonly (readonly number[])[];
}

export interface OracleStep {
  readonly token: number;
  /** As the model gave them. */
  readonly raw: Float32Array;
  /** What the token was drawn from: after penalties, edits, temperature and filters. */
  readonly processed: number[];
}

/** The output of one request, token by token. */
export function oracle(folder: string, backend: Backend, request: OracleRequest): OracleStep[] {
  const { prompt, params, endTokenIds = [] } = request;
  const maxTokens = params.maxTokens ?? 16;
  using run = new ModelRun(folder, backend, prompt.length + maxTokens, { dtype: "float32" });
  const steps: OracleStep[] = [];
  const output: number[] = [];
  let raw = run.feed(prompt).at(-1)!;
  for (;;) {
    const processed = filtered(adjusted(raw, output, request), params);
    const token = pick(processed, params, prompt.length + output.length);
    steps.push({ token, raw, processed });
    output.push(token);
    const stops = [...(params.stopTokenIds ?? []), ...(params.ignoreEos ? [] : endTokenIds)];
    if (stops.includes(token) || output.length === maxTokens) return steps;
    raw = run.feed([token], prompt.length).at(-1)!;
  }
}

/** vLLM's order: what is not allowed, bad words, min_tokens, logit_bias, then the penalties. */
function adjusted(raw: Float32Array, output: readonly number[], request: OracleRequest): number[] {
  const { prompt, params, endTokenIds = [], badWordIds = [] } = request;
  const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0, minTokens = 0 } = params;
  const logits = Array.from(raw);
  const ban = (token: number) => {
    logits[token] = Number.NEGATIVE_INFINITY;
  };
  if (params.allowedTokenIds) {
    for (let token = 0; token < logits.length; token++) if (!params.allowedTokenIds.includes(token)) ban(token);
  }
  for (const word of badWordIds) {
    const before = word.slice(0, -1);
    const tail = before.length === 0 ? [] : output.slice(-before.length);
    if (tail.length === before.length && tail.every((token, i) => token === before[i])) ban(word.at(-1)!);
  }
  if (output.length < minTokens) for (const token of [...(params.stopTokenIds ?? []), ...endTokenIds]) ban(token);
  for (const [token, bias] of Object.entries(params.logitBias ?? {})) {
    logits[Number(token)] = f32(logits[Number(token)]! + Math.max(-100, Math.min(100, bias)));
  }
  for (let token = 0; token < logits.length; token++) {
    const count = output.filter((other) => other === token).length;
    const logit = logits[token]!;
    const repeated = count > 0 || prompt.includes(token);
    const penalised = !repeated ? logit : logit > 0 ? logit / f32(repetitionPenalty) : logit * f32(repetitionPenalty);
    logits[token] = f32(
      f32(f32(penalised) - f32(f32(frequencyPenalty) * count)) - (count > 0 ? f32(presencePenalty) : 0),
    );
  }
  return logits;
}

/** Divided by the temperature; -Infinity for what min_p, top_k and top_p drop. Greedy ones as they are. */
function filtered(logits: readonly number[], params: SamplingParams): number[] {
  const { temperature = 1, minP = 0, topK = 0, topP = 1 } = params;
  if (temperature === 0) return [...logits];
  const scaled = logits.map((logit) => f32(logit / f32(temperature)));
  const largest = Math.max(...scaled);
  const drop = (isDropped: (value: number) => boolean) => {
    for (let token = 0; token < scaled.length; token++)
      if (isDropped(scaled[token]!)) scaled[token] = Number.NEGATIVE_INFINITY;
  };
  drop((value) => Math.exp(value - largest) < minP);
  const descending = () => [...scaled].sort((a, b) => b - a);
  if (topK > 0) {
    const lowest = descending()[topK - 1]!;
    drop((value) => value < lowest);
  }
  if (topP < 1) {
    const weights = descending().map((value) => Math.exp(value - largest));
    const total = weights.reduce((a, b) => a + b);
    let sum = 0;
    let kept = 0;
    while (sum < topP * total) sum += weights[kept++]!;
    const lowest = descending()[kept - 1]!;
    drop((value) => value < lowest);
  }
  return scaled;
}

/** The largest, with noise where the request is not greedy. */
function pick(processed: readonly number[], { temperature = 1, seed = 0 }: SamplingParams, position: number): number {
  const low = Number(seed) >>> 0;
  const high = Math.floor(Number(seed) / 2 ** 32) >>> 0;
  const scores =
    temperature === 0 ? processed : processed.map((value, token) => value + gumbel(low, high, position, 0, token));
  return scores.indexOf(Math.max(...scores));
}

/** Natural logarithms of the probabilities that `logits` give, in float64. */
export function logSoftmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const largest = Math.max(...values);
  const sum = values.reduce((total, value) => total + Math.exp(value - largest), 0);
  return values.map((value) => value - largest - Math.log(sum));
}
