// The flags that describe the engines that are simulated, and what they become.
import { type Command, InvalidArgumentError, Option } from "commander";
import { COST_PROFILES, loadProfile } from "../simulator/cost/profiles.js";
import type { Goodput } from "../simulator/metrics/run-metrics.js";
import { ROUTING_POLICIES } from "../simulator/routing/create-router.js";
import type { SimulationOptions } from "../simulator/simulate.js";
import { above0, whole, windows } from "./flag-values.js";
import { addSchedulerFlags, SCHEDULER_DEFAULTS, schedulerFlags } from "./scheduler-flags.js";

export interface EngineFlags {
  readonly cost: string;
  readonly replicas: number;
  readonly routingPolicy: string;
  readonly blockSize?: number;
  readonly kvCacheTokens?: number;
  readonly slidingWindow?: readonly number[];
  readonly timeout?: number;
  readonly enablePrefixCaching: boolean;
  readonly asyncScheduling?: boolean;
  readonly goodput?: Goodput;
}

export function addEngineFlags(command: Command): Command {
  command
    .optionsGroup("Engines:")
    .option(
      "--cost <name or file>",
      `what steps cost: ${Object.keys(COST_PROFILES).join(", ")}, or a file from "fit"`,
      "h200-8b-bf16",
    )
    .option("--replicas <count>", "engines that share the load", whole(1), 1)
    .addOption(
      new Option("--routing-policy <policy>", "which of them gets a request")
        .choices(ROUTING_POLICIES)
        .default("round-robin"),
    )
    .option(
      "--kv-cache-tokens <tokens>",
      "what the KV cache of each holds, without windows (default: the cost's)",
      whole(1),
    )
    .option(
      "--sliding-window <tokens>",
      "tokens that a token sees, for each group of layers, such as 4096 or 128,all (default: all)",
      windows,
    )
    .option("--block-size <tokens>", "tokens a KV block (default: the cost's)", whole(1))
    .option("--no-enable-prefix-caching", "requests do not share equal beginnings")
    .option("--async-scheduling", "plan the next step while the device runs one (default: the cost's)")
    .option("--no-async-scheduling", "plan it when the device is done")
    .option("--timeout <seconds>", "clients give up on requests that take longer (default: never)", above0)
    .option("--goodput <bounds>", "count requests within ttft, tpot, e2el in ms, such as ttft:500,tpot:50", goodput);
  return addSchedulerFlags(command);
}

/** @throws INVALID_ARGUMENT for a cost that cannot be read */
export function simulationOptions(flags: EngineFlags): SimulationOptions {
  const profile = loadProfile(flags.cost);
  const blockSize = flags.blockSize ?? profile.blockSize;
  const kvCacheTokens = flags.kvCacheTokens ?? profile.kvCacheTokens;
  const { slidingWindow: slidingWindows = [Number.POSITIVE_INFINITY] } = flags;
  const given = schedulerFlags({ ...flags });
  return {
    scheduler: { ...SCHEDULER_DEFAULTS, maxModelLen: profile.maxModelLen, ...given },
    kvCache: {
      // A block holds the layers of one group. One more: the null block holds nothing.
      numBlocks: slidingWindows.length * Math.floor(kvCacheTokens / blockSize) + 1,
      blockSize,
      slidingWindows,
      enablePrefixCaching: flags.enablePrefixCaching,
      hashSeed: 0,
    },
    cost: profile.cost,
    asyncScheduling: flags.asyncScheduling ?? profile.asyncScheduling,
    replicas: flags.replicas,
    routingPolicy: flags.routingPolicy,
    timeout: flags.timeout,
    goodput: flags.goodput,
  };
}

function goodput(text: string): Goodput {
  const bounds: Record<string, number> = {};
  for (const part of text.split(",")) {
    const [name = "", value = "", ...rest] = part.split(":");
    const milliseconds = Number(value);
    const fits = ["ttft", "tpot", "e2el"].includes(name) && milliseconds > 0 && rest.length === 0;
    if (!fits) throw new InvalidArgumentError("Bounds are ttft, tpot and e2el in ms, such as ttft:500,tpot:50.");
    bounds[name] = milliseconds / 1000;
  }
  return bounds;
}
