import { expect, test } from "vitest";
import { CHAT, createTestApp, messages } from "../testing/request.js";

const LABELS = 'model_name="fake",engine="0"';

test("the engine's counters and the requests' latencies, under vLLM's names", async () => {
  const { app, post } = createTestApp({ text: "abcd" });
  await post(CHAT, { messages });
  await (await post(CHAT, { messages, stream: true })).text();
  await post(CHAT, { messages, n: 0 });
  await app.request("/nope");
  const response = await app.request("/metrics");
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = new Set((await response.text()).split("\n"));
  for (const line of [
    `octavo:num_requests_running{${LABELS}} 3`,
    `octavo:num_requests_waiting{${LABELS}} 2`,
    `octavo:kv_cache_usage_perc{${LABELS}} 0.25`,
    `octavo:prefix_cache_queries_total{${LABELS}} 50`,
    `octavo:prefix_cache_hits_total{${LABELS}} 20`,
    `octavo:num_preemptions_total{${LABELS}} 1`,
    `octavo:prompt_tokens_total{${LABELS}} 123`,
    `octavo:generation_tokens_total{${LABELS}} 456`,
    `octavo:spec_decode_num_drafts_total{${LABELS}} 12`,
    `octavo:spec_decode_num_draft_tokens_total{${LABELS}} 40`,
    `octavo:spec_decode_num_accepted_tokens_total{${LABELS}} 25`,
    `octavo:spec_decode_num_accepted_tokens_per_pos_total{position="0",${LABELS}} 11`,
    `octavo:spec_decode_num_accepted_tokens_per_pos_total{position="2",${LABELS}} 6`,
    `octavo:request_success_total{finished_reason="stop",${LABELS}} 2`,
    `octavo:request_success_total{finished_reason="abort",${LABELS}} 0`,
    `octavo:time_to_first_token_seconds_count{${LABELS}} 2`,
    `octavo:inter_token_latency_seconds_count{${LABELS}} 6`,
    `octavo:e2e_request_latency_seconds_count{${LABELS}} 2`,
    `octavo:request_prompt_tokens_sum{${LABELS}} 36`,
    `octavo:request_generation_tokens_sum{${LABELS}} 8`,
    `octavo:cache_config_info{block_size="16",num_gpu_blocks="100",kv_cache_memory_bytes="4096",cache_dtype="float32",${LABELS}} 1`,
    `octavo:num_requests_waiting_by_reason{reason="capacity",${LABELS}} 2`,
    `octavo:prompt_tokens_cached_total{${LABELS}} 28`,
    `octavo:external_prefix_cache_queries_total{${LABELS}} 30`,
    `octavo:external_prefix_cache_hits_total{${LABELS}} 8`,
    `octavo:kv_offload_store_bytes_total{${LABELS}} 4096`,
    `octavo:kv_offload_load_bytes_total{${LABELS}} 2048`,
    `octavo:prompt_tokens_by_source_total{source="local_compute",${LABELS}} 32`,
    `octavo:prompt_tokens_by_source_total{source="local_cache_hit",${LABELS}} 4`,
    `octavo:iteration_tokens_total_bucket{le="1",${LABELS}} 1`,
    `octavo:iteration_tokens_total_bucket{le="4",${LABELS}} 3`,
    `octavo:iteration_tokens_total_bucket{le="+Inf",${LABELS}} 4`,
    `octavo:iteration_tokens_total_sum{${LABELS}} 70`,
    `octavo:iteration_tokens_total_count{${LABELS}} 4`,
    `octavo:request_queue_time_seconds_count{${LABELS}} 2`,
    `octavo:request_queue_time_seconds_bucket{le="0.001",${LABELS}} 2`,
    `octavo:request_prefill_time_seconds_count{${LABELS}} 2`,
    `octavo:request_decode_time_seconds_count{${LABELS}} 2`,
    `octavo:request_inference_time_seconds_count{${LABELS}} 2`,
    `octavo:request_time_per_output_token_seconds_count{${LABELS}} 2`,
    `octavo:request_prefill_kv_computed_tokens_sum{${LABELS}} 32`,
    `octavo:request_max_num_generation_tokens_sum{${LABELS}} 8`,
    `octavo:request_params_n_sum{${LABELS}} 2`,
    `http_request_duration_seconds_count{handler="${CHAT}",method="POST"} 3`,
    `http_response_size_bytes_count{handler="${CHAT}"} 3`,
    `octavo:device_memory_bytes{purpose="weights",${LABELS}} 1000`,
    `octavo:device_memory_bytes{purpose="graphs",${LABELS}} 7`,
    `http_requests_total{handler="${CHAT}",method="POST",status="2xx"} 2`,
    `http_requests_total{handler="${CHAT}",method="POST",status="4xx"} 1`,
    `http_requests_total{handler="none",method="GET",status="4xx"} 1`,
  ]) {
    expect(lines).toContain(line);
  }
});

test("a second scrape shows the same counters, two apps do not mix", async () => {
  const first = createTestApp();
  const second = createTestApp();
  await first.post(CHAT, { messages });
  for (let i = 0; i < 2; i++) {
    const text = await (await first.app.request("/metrics")).text();
    expect(text).toContain(`octavo:generation_tokens_total{${LABELS}} 456`);
  }
  expect(await (await second.app.request("/metrics")).text()).toContain(
    `octavo:request_success_total{finished_reason="stop",${LABELS}} 0`,
  );
});
