// Gauges and counters that the engine keeps itself; a scrape reads them.
import type { Engine, EngineStats } from "@octavo/engine";
import { Counter, Gauge, type Registry } from "prom-client";
import { registerStepTokens } from "./step-tokens.js";

type Read = (stats: EngineStats) => number;

const GAUGES: readonly (readonly [name: string, help: string, read: Read])[] = [
  ["num_requests_running", "Requests in the batch.", (stats) => stats.numRunning],
  ["num_requests_waiting", "Requests in the queue.", (stats) => stats.numWaiting],
  [
    "kv_cache_usage_perc",
    "Used share of the KV blocks, 1 is full.",
    (stats) => stats.kvBlocksUsed / (stats.kvBlocksTotal || 1),
  ],
];

/** From any tier. */
const cachedTokens: Read = ({ prefixCacheHits, externalPrefixCacheHits }) => prefixCacheHits + externalPrefixCacheHits;

const COUNTERS: readonly (readonly [name: string, help: string, read: Read])[] = [
  ["prefix_cache_queries", "Tokens looked up in the prefix cache.", (stats) => stats.prefixCacheQueries],
  ["prefix_cache_hits", "Tokens found in the prefix cache.", (stats) => stats.prefixCacheHits],
  [
    "external_prefix_cache_queries",
    "Tokens that the device did not have, looked up in host memory.",
    (stats) => stats.externalPrefixCacheQueries,
  ],
  ["external_prefix_cache_hits", "Tokens loaded from host memory.", (stats) => stats.externalPrefixCacheHits],
  ["kv_offload_store_bytes", "Bytes of the KV cache copied to host memory.", (stats) => stats.kvOffloadBytes],
  ["kv_offload_load_bytes", "Bytes of the KV cache copied back.", (stats) => stats.kvLoadBytes],
  ["num_preemptions", "Requests taken out of the batch for want of blocks.", (stats) => stats.numPreemptions],
  ["prompt_tokens", "Prompt tokens.", (stats) => stats.promptTokens],
  ["prompt_tokens_cached", "Prompt tokens that the prefix cache had.", cachedTokens],
  ["generation_tokens", "Generated tokens.", (stats) => stats.generationTokens],
  ["spec_decode_num_drafts", "Times that a request's drafts were verified.", (stats) => stats.numDrafts],
  ["spec_decode_num_draft_tokens", "Drafted tokens.", (stats) => stats.numDraftTokens],
  ["spec_decode_num_accepted_tokens", "Drafted tokens that were right.", (stats) => stats.numAcceptedTokens],
];

export function registerEngineMetrics(registry: Registry, engine: Engine): void {
  for (const [name, help, read] of GAUGES) {
    const collect = function (this: Gauge) {
      this.set(read(engine.stats));
    };
    new Gauge({ name: `octavo:${name}`, help, registers: [registry], collect });
  }
  for (const [name, help, read] of COUNTERS) {
    const collect = function (this: Counter) {
      this.reset();
      this.inc(read(engine.stats));
    };
    new Counter({ name: `octavo:${name}_total`, help, registers: [registry], collect });
  }
  new Gauge({
    name: "octavo:num_requests_waiting_by_reason",
    help: "Requests in the queue, by what they wait for.",
    labelNames: ["reason"],
    registers: [registry],
    collect() {
      this.set({ reason: "capacity" }, engine.stats.numWaiting);
      this.set({ reason: "deferred" }, 0);
    },
  });
  new Counter({
    name: "octavo:spec_decode_num_accepted_tokens_per_pos_total",
    help: "Drafted tokens that were right, by their place in the draft.",
    labelNames: ["position"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [position, accepted] of engine.stats.numAcceptedTokensPerPos.entries())
        this.inc({ position }, accepted);
    },
  });
  registerStepTokens(registry, engine);
  const { blockSize, numBlocks, kvCacheBytes, dtype } = engine.info;
  const labels = {
    block_size: String(blockSize),
    num_gpu_blocks: String(numBlocks),
    kv_cache_memory_bytes: String(kvCacheBytes),
    cache_dtype: dtype,
  };
  const info = new Gauge({
    name: "octavo:cache_config_info",
    help: "Sizes of the KV cache, as labels. Blocks are the device's, whichever that is.",
    labelNames: Object.keys(labels),
    registers: [registry],
  });
  info.set(labels, 1);
  new Gauge({
    name: "octavo:device_memory_bytes",
    help: "Bytes that the engine holds on its device, by purpose; mapped files are not counted.",
    labelNames: ["purpose"],
    registers: [registry],
    collect() {
      const memory = { ...engine.info.memory, graphs: engine.stats.graphBytes };
      for (const [purpose, bytes] of Object.entries(memory)) this.set({ purpose }, bytes);
    },
  });
}
