// The sampling parameters that the page offers. A parameter that was not set is not sent: the server then takes the model's own.

export type SamplingName = "temperature" | "top_p" | "top_k" | "min_p" | "max_tokens" | "seed";

export type Sampling = Readonly<Partial<Record<SamplingName, number>>>;

export interface SamplingField {
  readonly name: SamplingName;
  readonly help: string;
  readonly min: number;
  readonly max?: number;
  /** 1: whole numbers only. */
  readonly step: number;
}

export const SAMPLING_FIELDS: readonly SamplingField[] = [
  { name: "temperature", help: "0 always takes the likeliest token; higher varies more.", min: 0, max: 2, step: 0.1 },
  { name: "top_p", help: "Only the likeliest tokens that make up this share.", min: 0.01, max: 1, step: 0.01 },
  { name: "top_k", help: "Only so many of the likeliest tokens; 0 for all.", min: 0, step: 1 },
  { name: "min_p", help: "Only tokens at least this likely, relative to the likeliest.", min: 0, max: 1, step: 0.01 },
  { name: "max_tokens", help: "Ends the answer after so many tokens.", min: 1, step: 1 },
  { name: "seed", help: "The same seed gives the same answer again.", min: 0, max: Number.MAX_SAFE_INTEGER, step: 1 },
];

/** What a person typed. Empty text unsets the parameter. */
export function parseSampling(field: SamplingField, text: string): { value?: number; problem?: string } {
  const trimmed = text.trim();
  if (!trimmed) return {};
  const value = Number(trimmed.replace(",", "."));
  const whole = field.step === 1;
  if (!Number.isFinite(value) || (whole && !Number.isSafeInteger(value))) {
    return { problem: whole ? "Write a whole number." : "Write a number." };
  }
  if (value < field.min) return { problem: `At least ${field.min}.` };
  if (field.max !== undefined && value > field.max) return { problem: `At most ${field.max}.` };
  return { value };
}

export function withSampling(sampling: Sampling, name: SamplingName, value: number | undefined): Sampling {
  const { [name]: _, ...rest } = sampling;
  return value === undefined ? rest : { ...rest, [name]: value };
}

/** Those of `value` that this page knows; for what storage gives back. */
export function knownSampling(value: unknown): Sampling {
  if (typeof value !== "object" || value === null) return {};
  const entries = SAMPLING_FIELDS.map(({ name }) => [name, (value as Record<string, unknown>)[name]] as const);
  return Object.fromEntries(entries.filter(([, number]) => typeof number === "number"));
}
