// All cases of the bench.
import type { FloatDType } from "@octavo/core";
import { adjustCases } from "./adjust-cases.js";
import { attentionCases } from "./attention-cases.js";
import type { BenchCase } from "./bench-case.js";
import { elementCases } from "./element-cases.js";
import { expertCases } from "./expert-cases.js";
import { latentCases } from "./latent-cases.js";
import { linearCases } from "./linear-cases.js";
import { normCases } from "./norm-cases.js";
import { poolingCases } from "./pooling-cases.js";
import { rowCases } from "./row-cases.js";
import { MODEL_SHAPES } from "./shapes.js";
import { stepCases } from "./step-cases.js";

/** Every op at the shapes of every model. @param dtype of weights, activations and KV cache; logits are float32 */
export function benchCases(dtype: FloatDType): BenchCase[] {
  const ofModels = MODEL_SHAPES.flatMap((shape) =>
    [linearCases, attentionCases, normCases, elementCases, rowCases, poolingCases, stepCases, adjustCases].flatMap(
      (cases) => cases(shape, dtype),
    ),
  );
  return [...ofModels, ...expertCases(dtype), ...latentCases(dtype)];
}
