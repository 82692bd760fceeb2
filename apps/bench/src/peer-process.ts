// The process of one peer: loads a model, then measures what it is asked to.

import { PythonRandom } from "@octavo/scheduler/simulator";
import { figures } from "./peers/figures.js";
import type { PeerEngine } from "./peers/peer.js";
import { readPeer } from "./peers/peers.js";
import type { Answer, Question } from "./peers/process.js";

let engine: PeerEngine;

async function answer(question: Question): Promise<Answer> {
  if (question.kind === "open") {
    const { peer, settings } = readPeer(question.peer);
    engine = await peer.open({ model: question.model, threads: question.threads, settings });
    return { about: engine.about };
  }
  const figure = figures(question.options).find(({ name }) => name === question.figure)!;
  return figure.measure(engine, new PythonRandom(question.seed));
}

process.on("message", async (question: Question) => {
  const reply = await answer(question).catch((error: Error) => ({ error: error.message }));
  process.send!(reply);
});
