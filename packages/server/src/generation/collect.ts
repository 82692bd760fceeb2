// Replies in one piece: waits for every generation and keeps its text.
import type { Generation } from "./generation.js";

/** The texts, in order. When one generation fails the others are aborted. @throws the failure */
export async function collectTexts(generations: readonly Generation[]): Promise<string[]> {
  try {
    return await Promise.all(generations.map(collectText));
  } catch (error) {
    for (const generation of generations) generation.abort();
    throw error;
  }
}

async function collectText(generation: Generation): Promise<string> {
  let text = "";
  await generation.run((chunk) => {
    text += chunk.text;
    return undefined;
  });
  return text;
}
