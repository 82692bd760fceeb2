// `octavo-scheduler fit`: a cost from measured steps.
import { Command } from "commander";
import { fitCost } from "../simulator/cost/fit.js";
import { readSteps } from "../simulator/cost/read-steps.js";
import { COST_TERMS } from "../simulator/cost/step-cost.js";
import { writableFile, writeOutput } from "./write-output.js";

const UNITS: Readonly<Record<(typeof COST_TERMS)[number], string>> = {
  base: "us a step",
  token: "us a token",
  minTokens: "tokens at least",
  row: "us a request of the step",
  context: "ns a token of context",
  pair: "ns a pair of attention",
};

const SCALES: Readonly<Record<string, number>> = { us: 1e6, ns: 1e9 };

interface FitFlags {
  readonly output?: string;
  readonly json?: boolean;
}

export function fitCommand(): Command {
  return new Command("fit")
    .description("fit what steps cost to measured steps, for the --cost of the other commands")
    .argument("STEPS", "JSONL of tokens, rows, context, pairs and seconds, as Octavo's replay benchmark writes it")
    .option("--output <file>", "write the cost, for --cost", writableFile)
    .option("--json", "the fit as JSON on stdout, for programs")
    .action(run);
}

async function run(file: string, { output, json = false }: FitFlags): Promise<void> {
  const fit = fitCost(await readSteps(file));
  if (output !== undefined) writeOutput(output, `${JSON.stringify(fit.cost, null, 2)}\n`);
  if (json) {
    process.stdout.write(`${JSON.stringify(fit, null, 2)}\n`);
    return;
  }
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const lines = COST_TERMS.map((term) => {
    const scale = SCALES[UNITS[term].slice(0, 2)] ?? 1;
    return `${term.padEnd(8)} ${(scale * fit.cost[term]).toPrecision(4).padStart(10)} ${UNITS[term]}`;
  });
  lines.push(
    `error of ${fit.steps} steps: median ${percent(fit.medianError)}, 90th percentile ${percent(fit.p90Error)}, of their sum ${percent(fit.totalError)}`,
  );
  process.stdout.write(`${lines.join("\n")}\n`);
}
