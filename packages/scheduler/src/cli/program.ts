// What `octavo-scheduler` understands.
import { Command } from "commander";
import { fitCommand } from "./fit-command.js";
import { replayCommand } from "./replay-command.js";
import { simulateCommand } from "./simulate-command.js";

export function createProgram(): Command {
  return new Command("octavo-scheduler")
    .description(
      "Plans capacity: runs Octavo's scheduler and KV cache on a workload in virtual time, without a model or a GPU, and prints throughput, latencies and KV cache use.",
    )
    .addCommand(simulateCommand())
    .addCommand(replayCommand())
    .addCommand(fitCommand())
    .addHelpText(
      "after",
      `
Examples:
  octavo-scheduler simulate --cost h200-8b-bf16 --request-rate 20 --input-len 1000 --output-len 200
  octavo-scheduler replay trace.jsonl --replicas 4 --routing-policy prefix-aware --svg run.svg
  octavo-scheduler fit steps.jsonl --output cost.json
  octavo-scheduler simulate --cost cost.json --kv-cache-tokens 500000 --request-rate 8 --goodput ttft:500,tpot:50

How to ask which question: docs/capacity-planning.md in Octavo's repository.`,
    );
}
