// What long prompts do to others: node packages/tokenizer/bench/http-stalls.mjs URL TEXT_FILE, against a running server. A stream of tokens and
// GET /health go on while 430 KB of the text (100,000 tokens) are tokenized five times; prints the times between two parts of the stream.
import { readFileSync } from "node:fs";

const [url, file] = process.argv.slice(2);
const prompt = readFileSync(file).subarray(0, 430_000).toString("utf8");
const { data } = await (await fetch(`${url}/v1/models`)).json();
const post = (path, body) =>
  fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: data[0].id, ...body }),
  });

async function streamGaps() {
  const settings = { max_tokens: 600, stream: true, ignore_eos: true, temperature: 0 };
  const { body } = await post("/v1/completions", { prompt: "Hello", ...settings });
  const gaps = [];
  let last = 0;
  for await (const _ of body) {
    const now = performance.now();
    if (last > 0) gaps.push(now - last);
    last = now;
  }
  return gaps;
}

function summary(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(1);
  return `${sorted.length} times, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}

console.log(`stream alone: ${summary(await streamGaps())}`);
let isRunning = true;
const health = [];
async function askHealth() {
  while (isRunning) {
    const start = performance.now();
    await (await fetch(`${url}/health`)).arrayBuffer();
    health.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
const asking = askHealth();
const stream = streamGaps();
const spans = [];
for (let i = 0; i < 5; i++) {
  const start = performance.now();
  await (await post("/tokenize", { prompt })).arrayBuffer();
  spans.push(performance.now() - start);
}
console.log(`stream beside long prompts: ${summary(await stream)}`);
isRunning = false;
await asking;
console.log(`/health: ${summary(health)}`);
console.log(`long prompts: ${summary(spans)}`);
