// The engine's own histogram of tokens a step, as a metric: the engine counts, a scrape only reads.
import type { Engine } from "@octavo/engine";
import type { Metric, Registry } from "prom-client";

const NAME = "octavo:iteration_tokens_total";

export function registerStepTokens(registry: Registry, engine: Engine): void {
  const metric = {
    name: NAME,
    help: "Tokens of an engine step, prompts' and generated ones.",
    type: "histogram",
    aggregator: "sum",
    async get() {
      return { ...metric, values: valuesOf(engine.stats.stepTokens) };
    },
  };
  // prom-client's own Histogram observes values one by one, which would be a call a step from another thread.
  registry.registerMetric(metric as unknown as Metric);
}

function valuesOf({ sum, counts }: Engine["stats"]["stepTokens"]) {
  let total = 0;
  const buckets = counts.map((count, i) => {
    total += count;
    const le = i === counts.length - 1 ? "+Inf" : 2 ** i;
    return { metricName: `${NAME}_bucket`, labels: { le }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${NAME}_sum`, labels: {}, value: sum },
    { metricName: `${NAME}_count`, labels: {}, value: total },
  ];
}
