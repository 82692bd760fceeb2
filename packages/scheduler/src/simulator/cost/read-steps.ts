// Measured steps from a JSONL file, one object a line, as the step recorder writes them.
import { checkArgument } from "@octavo/core";
import { readJsonLines } from "../json-lines.js";
import type { MeasuredStep } from "./fit.js";

const FIELDS = ["tokens", "rows", "context", "pairs", "seconds"] as const;

/** @throws INVALID_ARGUMENT that names file, line and field */
export async function readSteps(file: string): Promise<MeasuredStep[]> {
  const steps: MeasuredStep[] = [];
  for await (const { value, where } of readJsonLines(file)) {
    for (const field of FIELDS) {
      const number = value[field];
      const fits = typeof number === "number" && Number.isFinite(number) && number >= 0;
      checkArgument(fits, `${where}: ${field} is ${JSON.stringify(number)}, a number was expected`, field);
    }
    const { tokens, rows, context, pairs, seconds } = value as unknown as MeasuredStep;
    steps.push({ tokens, rows, context, pairs, seconds });
  }
  return steps;
}
