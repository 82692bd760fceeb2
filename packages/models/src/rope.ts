// The rotary embedding's table. Frequencies and angles are rounded to float32 after each operation, where transformers rounds
// them, because at large positions an exact angle is not the one that the model was trained with. (cos and sin themselves
// are exact to the last bit of float32.)
import type { RopeConfig, RopeScaling } from "./rope-config.js";

const f32 = Math.fround;

export interface RopeFrequencies {
  /** [rotaryDim / 2] radians a position */
  readonly inverse: Float32Array;
  /** Factor of cos and sin. */
  readonly attentionScaling: number;
}

/**
 * The frequencies that transformers uses for a sequence of this length. Only dynamic and longrope scaling depend on it, and only
 * beyond the length trained at (dynamic: max_position_embeddings, longrope: original_max_position_embeddings).
 */
export function ropeFrequencies(config: RopeConfig, sequenceLength: number): RopeFrequencies {
  const { theta, rotaryDim, scaling } = config;
  switch (scaling.type) {
    case "default":
      return { inverse: inverted(powers(theta, rotaryDim)), attentionScaling: 1 };
    case "linear":
      return { inverse: inverted(powers(theta, rotaryDim)).map((f) => f / scaling.factor), attentionScaling: 1 };
    case "proportional": {
      const { factor, turningDim } = scaling;
      const inverse = inverted(powers(theta, rotaryDim)).map((f, i) => (2 * i < turningDim ? f / factor : 0));
      return { inverse, attentionScaling: 1 };
    }
    case "dynamic":
      return {
        inverse: inverted(powers(dynamicBase(theta, rotaryDim, scaling, sequenceLength), rotaryDim)),
        attentionScaling: 1,
      };
    case "llama3":
      return { inverse: inverted(powers(theta, rotaryDim)).map((f) => llama3(f, scaling)), attentionScaling: 1 };
    case "yarn":
      return { inverse: yarn(theta, rotaryDim, scaling), attentionScaling: yarnAttention(scaling) };
    case "longrope": {
      const divisors = sequenceLength > scaling.originalMaxPositions ? scaling.longFactor : scaling.shortFactor;
      const inverse = inverted(powers(theta, rotaryDim).map((power, i) => f32(divisors[i]!) * power));
      return { inverse, attentionScaling: longropeAttention(scaling) };
    }
  }
}

/**
 * Fills `out`, `[positions, rotaryDim]`, with the cosines of the rotaryDim / 2 angles of each position, then their sines.
 * @param first the position of the first row
 */
export function fillRopeTable(out: Float32Array, { inverse, attentionScaling }: RopeFrequencies, first = 0): void {
  const half = inverse.length;
  const scaling = f32(attentionScaling);
  for (let at = 0, position = first; at < out.length; at += 2 * half, position++) {
    for (let i = 0; i < half; i++) {
      const angle = f32(position * inverse[i]!);
      out[at + i] = f32(Math.cos(angle)) * scaling;
      out[at + half + i] = f32(Math.sin(angle)) * scaling;
    }
  }
}

/** theta^(2i / dim) for i in [0, dim / 2) (Su et al. 2021) */
function powers(theta: number, dim: number): Float32Array {
  return Float32Array.from({ length: dim / 2 }, (_, i) => f32(theta) ** f32((2 * i) / dim));
}

function inverted(values: Float32Array): Float32Array {
  return values.map((value) => 1 / value);
}

/** The base that stretches the slowest frequency to `sequenceLength` ("NTK-aware" scaling by bloc97 and emozilla, 2023). */
function dynamicBase(
  theta: number,
  dim: number,
  scaling: RopeScaling & { type: "dynamic" },
  sequenceLength: number,
): number {
  const { factor, trainedPositions } = scaling;
  const length = Math.max(sequenceLength, trainedPositions);
  const stretch = f32(f32(f32(factor * length) / trainedPositions) - (factor - 1));
  return f32(theta * f32(stretch ** (dim / (dim - 2))));
}

/** Long wavelengths are stretched, short ones kept, those between blended (Llama 3.1's release). */
function llama3(frequency: number, scaling: RopeScaling & { type: "llama3" }): number {
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  const wavelength = f32((2 * Math.PI) / frequency);
  if (wavelength > originalMaxPositions / lowFreqFactor) return frequency / factor;
  if (wavelength < originalMaxPositions / highFreqFactor) return frequency;
  const smooth = f32(f32(f32(originalMaxPositions / wavelength) - lowFreqFactor) / (highFreqFactor - lowFreqFactor));
  return f32(f32(f32(1 - smooth) * frequency) / factor) + f32(smooth * frequency);
}

/** Interpolated, extrapolated or a blend, by how often a dimension turns within the length trained at (Peng et al. 2023). */
function yarn(theta: number, dim: number, scaling: RopeScaling & { type: "yarn" }): Float32Array {
  const { factor, originalMaxPositions, betaFast, betaSlow, truncate } = scaling;
  const dimensionOf = (turns: number) =>
    (dim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const fast = dimensionOf(betaFast);
  const slow = dimensionOf(betaSlow);
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const high = Math.min(truncate ? Math.ceil(slow) : slow, dim - 1);
  // A width of 0 would divide by zero.
  const width = f32(low === high ? 0.001 : high - low);
  return powers(theta, dim).map((power, i) => {
    const ramp = Math.min(1, Math.max(0, f32(f32(i - low) / width)));
    const extrapolated = f32(1 - ramp);
    return f32(f32(1 / f32(factor * power)) * f32(1 - extrapolated)) + f32(f32(1 / power) * extrapolated);
  });
}

function yarnAttention({ factor, attentionFactor, mscale, mscaleAllDim }: RopeScaling & { type: "yarn" }): number {
  if (attentionFactor !== undefined) return attentionFactor;
  const magnitude = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  return mscale && mscaleAllDim ? magnitude(mscale) / magnitude(mscaleAllDim) : magnitude(1);
}

/** Ding et al. 2024 */
function longropeAttention({
  factor,
  attentionFactor,
  originalMaxPositions,
}: RopeScaling & { type: "longrope" }): number {
  if (attentionFactor !== undefined) return attentionFactor;
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalMaxPositions));
}
