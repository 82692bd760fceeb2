// All conversations of this browser, the chosen one, and their way into the database.
import { computed, signal } from "@preact/signals";
import { type Conversation, newConversation, settle } from "../chat/conversation.js";
import { openDatabase } from "../keep/database.js";
import { preference } from "../keep/preferences.js";
import { randomId } from "../keep/random-id.js";
import { takeLeftovers, WriteBehind } from "../keep/write-behind.js";

const chosen = preference("conversation");
const currentId = signal("");
/** Latest first. One that nothing was changed in is not in the database. */
export const conversations = signal<readonly Conversation[]>([newConversation(randomId(), Date.now())]);
export const current = computed(() => find(currentId.value) ?? conversations.value[0]!);
/** What was deleted last, to bring it back. */
export const deleted = signal<Conversation | null>(null);
/** False where the browser keeps nothing. */
export const lasting = signal(true);

let writer: WriteBehind | null = null;

export function find(id: string): Conversation | undefined {
  return conversations.value.find((conversation) => conversation.id === id);
}

export async function loadConversations(): Promise<void> {
  const database = await openDatabase();
  const onFailure = () => {
    lasting.value = false;
  };
  writer = new WriteBehind({ database, find, onFailure });
  lasting.value = database.lasting;
  const kept = new Map((await database.all()).map((conversation) => [conversation.id, conversation]));
  for (const conversation of takeLeftovers()) {
    kept.set(conversation.id, conversation);
    await database.put(conversation).catch(() => {});
  }
  if (kept.size > 0) conversations.value = latestFirst([...kept.values()]);
  if (find(chosen.get())) choose(chosen.get());
  else startConversation();
}

export function choose(id: string): void {
  currentId.value = id;
  chosen.set(current.value.id);
}

/** @param by 1: the next older one, -1: the next newer one */
export function chooseNeighbour(by: 1 | -1): void {
  const index = conversations.value.indexOf(current.value);
  const neighbour = conversations.value[index + by];
  if (neighbour) choose(neighbour.id);
}

/** An empty one, or the empty one that there is, set up as the current one. */
export function startConversation(): void {
  const empty = conversations.value.find(({ messages }) => messages.length === 0);
  const fresh = newConversation(empty?.id ?? randomId(), Date.now(), current.value);
  conversations.value = [fresh, ...conversations.value.filter((other) => other !== empty)];
  choose(fresh.id);
}

/** Changes a conversation that still exists. */
export function change(id: string, edit: (conversation: Conversation) => Conversation): void {
  const before = find(id);
  if (!before) return;
  const after = edit(before);
  const all = conversations.value.map((conversation) => (conversation === before ? after : conversation));
  conversations.value = after.updated === before.updated ? all : latestFirst(all);
  writer?.changed(id);
}

export function remove(id: string): void {
  const conversation = find(id);
  if (!conversation) return;
  const index = conversations.value.indexOf(conversation);
  const rest = conversations.value.filter((other) => other !== conversation);
  deleted.value = conversation.messages.length > 0 ? settle(conversation) : null;
  const wasCurrent = current.value === conversation;
  conversations.value = rest.length > 0 ? rest : [newConversation(randomId(), Date.now(), conversation)];
  if (wasCurrent) choose((rest[index] ?? rest[index - 1] ?? conversations.value[0]!).id);
  writer?.forget(id);
}

export function restore(): void {
  const conversation = deleted.value;
  if (!conversation) return;
  deleted.value = null;
  conversations.value = latestFirst([...conversations.value, conversation]);
  choose(conversation.id);
  writer?.changed(conversation.id);
}

function latestFirst(all: readonly Conversation[]): readonly Conversation[] {
  return all.toSorted((a, b) => b.updated - a.updated);
}
