// Octavo and other engines on the same model file and threads, in turns: A B A B, each in a process of its own.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine } from "./machine.js";
import { untilQuiet } from "./peers/busy.js";
import { figures, type Rate } from "./peers/figures.js";
import { PEER_NAMES, readPeer } from "./peers/peers.js";
import { PeerProcess } from "./peers/process.js";
import { type Measured, table } from "./peers/report.js";

const USAGE = `usage: node apps/bench/dist/peers.js MODEL [options]
  --peer NAME[:SETTING=VALUE,...]  ${PEER_NAMES.join(" or ")}; may be repeated; ratios are against the last one
                                   (default: octavo, then node-llama-cpp). Settings are Octavo's engine options, node-llama-cpp's
                                   context options
  --threads N                      of each engine (default: 2)
  --rounds N                       (default: 3)
  --batch N,...                    batches of decode (default: 1,8,32)
  --decode-tokens N                new tokens a request that are timed (default: 119)
  --prefill N,...                  prompt lengths (default: 512)
  --most-others PERCENT            of the CPU for other processes (default: 5): a measurement waits until they take no more,
                                   and is repeated where they did; after --patience it is counted as it is, and the table says so
  --patience SECONDS               of waiting and repeating, in all (default: 600)
  --json                           prints all rounds as JSON instead of a table
environment: OCTAVO_NODE_LLAMA_CPP a folder where node-llama-cpp is installed; else it is installed into a cache folder`;

const DEFAULT_PEERS = ["octavo", "node-llama-cpp"];

function readArguments() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      peer: { type: "string", multiple: true, default: DEFAULT_PEERS },
      threads: { type: "string", default: "2" },
      rounds: { type: "string", default: "3" },
      batch: { type: "string", default: "1,8,32" },
      "decode-tokens": { type: "string", default: "119" },
      prefill: { type: "string", default: "512" },
      "most-others": { type: "string", default: "5" },
      patience: { type: "string", default: "600" },
      json: { type: "boolean", default: false },
    },
  });
  const [model, ...more] = positionals;
  if (model === undefined || more.length > 0) {
    throw new Error(`${positionals.length} models were given, not 1\n${USAGE}`);
  }
  for (const peer of values.peer) readPeer(peer);
  const numbers = (flag: "threads" | "rounds" | "batch" | "decode-tokens" | "prefill" | "most-others" | "patience") =>
    values[flag].split(",").map((text) => {
      if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${flag} ${values[flag]}: "${text}" is no whole number above 0`);
      return Number(text);
    });
  return {
    model: resolve(model),
    peers: values.peer,
    threads: numbers("threads")[0]!,
    rounds: numbers("rounds")[0]!,
    options: { batches: numbers("batch"), prefills: numbers("prefill"), decodeTokens: numbers("decode-tokens")[0]! },
    mostOthers: numbers("most-others")[0]! / 100,
    deadline: performance.now() + 1000 * numbers("patience")[0]!,
    json: values.json,
  };
}

/** Of prompts: none comes twice, so that no prefix cache knows it. */
let nextSeed = 1;

/** All rounds of one figure, in turns. The first warms up and is not counted. */
async function measure(
  figure: string,
  processes: readonly PeerProcess[],
  { peers, rounds, options, mostOthers, deadline }: ReturnType<typeof readArguments>,
): Promise<Measured[]> {
  const counted: Rate[][] = [];
  for (let round = 0; round <= rounds; round++) {
    const rates: Rate[] = [];
    for (const [i, process] of processes.entries()) {
      let rate: Rate;
      let disturbed: boolean;
      do {
        const patience = round === 0 ? 0 : deadline - performance.now();
        if (patience > 0) await untilQuiet(mostOthers, patience);
        rate = await process.measure(figure, options, nextSeed++);
        disturbed = patience > 0 && rate.othersShare > mostOthers;
        const verdict = round === 0 ? "warm-up" : disturbed ? "again" : `round ${round}`;
        const others = `others ${(100 * rate.othersShare).toFixed(0)} %`;
        console.error(
          `${figure}, ${peers[i]}: ${rate.rate.toFixed(1)} tokens/s, ${rate.cpuRate.toFixed(1)} a CPU second, ${others}, ${verdict}`,
        );
      } while (disturbed);
      rates.push(rate);
    }
    if (round > 0) counted.push(rates);
  }
  return peers.map((peer, i) => ({
    figure,
    peer,
    rates: counted.map((round) => round[i]!.rate),
    computeRates: counted.flatMap((round) => round[i]!.computeRate ?? []),
    cpuRates: counted.map((round) => round[i]!.cpuRate),
    othersShares: counted.map((round) => round[i]!.othersShare),
  }));
}

async function main(): Promise<void> {
  const asked = readArguments();
  const { model, peers, threads, rounds, json } = asked;
  const processes = peers.map(() => new PeerProcess());
  try {
    const about: string[] = [];
    for (const [i, peer] of peers.entries()) about.push(await processes[i]!.open(peer, model, threads));
    const measured: Measured[] = [];
    for (const { name } of figures(asked.options)) {
      measured.push(...(await measure(name, processes, asked)));
    }
    const machine = describeMachine();
    if (json) return console.log(JSON.stringify({ machine, model, threads, about, measured }));
    console.log(`${machine}, ${threads} threads, ${rounds} rounds\n`);
    for (const [i, peer] of peers.entries()) console.log(`${peer}: ${about[i]}`);
    console.log(`\n${table(measured, peers.at(-1)!)}`);
  } finally {
    for (const process of processes) await process[Symbol.asyncDispose]();
  }
}

try {
  await main();
} catch (error) {
  console.error(`peers: ${(error as Error).message}`);
  process.exitCode = 1;
}
