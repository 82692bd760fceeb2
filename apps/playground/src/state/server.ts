// What the page knows of its server: models, the key it asks for, whether it gives token probabilities.
import { computed, signal } from "@preact/signals";
import { logprobsProbe } from "../api/chat-request.js";
import { attempt, listModels, type Model } from "../api/client.js";
import { Problem } from "../api/problem.js";
import { preference, tabSecret } from "../keep/preferences.js";

const keptKey = tabSecret("key");
const keptModel = preference("model");
const keptShowTokens = preference("tokens");

export const apiKey = signal(keptKey.get());
/** True: the key dialog is to be shown. */
export const keyWanted = signal(false);
export const models = signal<readonly Model[]>([]);
/** Why `models` is empty. */
export const unreachable = signal<Problem | null>(null);
const chosenModel = signal(keptModel.get());
export const model = computed<Model | null>(
  () => models.value.find(({ id }) => id === chosenModel.value) ?? models.value[0] ?? null,
);

/** Null: not asked yet. */
export const givesLogprobs = signal<boolean | null>(null);
/** The reader's wish; holds where the server gives them. */
export const wantsTokens = signal(keptShowTokens.get() === "on");

export async function loadModels(): Promise<void> {
  try {
    models.value = await listModels({ key: apiKey.value });
    unreachable.value = null;
    if (wantsTokens.value) void askForLogprobs();
  } catch (error) {
    unreachable.value = error instanceof Problem ? error : new Problem("server", "The list of models is not readable.");
    keyWanted.value ||= unreachable.value.kind === "key";
  }
}

export function chooseModel(id: string): void {
  chosenModel.value = id;
  keptModel.set(id);
}

export function setKey(key: string): Promise<void> {
  apiKey.value = key;
  keptKey.set(key);
  keyWanted.value = false;
  return loadModels();
}

export function setWantsTokens(wanted: boolean): void {
  wantsTokens.value = wanted;
  keptShowTokens.set(wanted ? "on" : "");
}

/** Tries once; a server that knows no `logprobs` says so by a 400. Other failures leave the question open. */
export async function askForLogprobs(): Promise<void> {
  if (givesLogprobs.value !== null) return;
  try {
    await attempt(logprobsProbe(model.value?.id ?? ""), { key: apiKey.value });
    givesLogprobs.value = true;
  } catch (error) {
    if (refusesLogprobs(error)) givesLogprobs.value = false;
  }
}

export function refusesLogprobs(error: unknown): boolean {
  return error instanceof Problem && error.kind === "refused" && /^(top_)?logprobs$/.test(error.param ?? "");
}
