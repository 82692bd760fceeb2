// Keyboard shortcuts to what they do.
import { lastQuestion } from "../chat/conversation.js";
import { type Command, commandOf } from "../chat/shortcuts.js";
import { regenerate, running, stop } from "../state/answering.js";
import { chooseNeighbour, current, startConversation } from "../state/conversations.js";
import { editing, focusComposer, helpOpen, listOpen, NARROW, settingsOpen } from "./panels.js";

export function onShortcut(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog:modal")) return;
  const command = event.key === "Escape" ? meaningOfEscape() : commandOf(event, isWriting(event.target));
  if (!command) return;
  event.preventDefault();
  COMMANDS[command]();
}

const COMMANDS: Readonly<Record<Command, () => void>> = {
  new: newConversation,
  previous: () => chooseNeighbour(-1),
  next: () => chooseNeighbour(1),
  stop: () => stop(current.value.id),
  regenerate: () => void regenerate(current.value.id),
  edit: editLast,
  settings: toggleSettings,
  conversations: showConversations,
  help: () => {
    helpOpen.value = true;
  },
  write: focusComposer,
};

export function newConversation(): void {
  startConversation();
  listOpen.value = false;
  focusComposer();
}

/** False when nothing was sent yet. */
export function editLast(): boolean {
  const question = lastQuestion(current.value);
  editing.value = question?.id ?? "";
  return question !== null;
}

export function toggleSettings(): void {
  settingsOpen.value = !settingsOpen.value;
  if (!settingsOpen.value) document.getElementById("open-settings")?.focus();
}

function showConversations(): void {
  if (NARROW.matches) listOpen.value = true;
  else document.querySelector<HTMLElement>(".side [aria-current]")?.focus();
}

/** The nearest thing that Escape can mean; the edit form takes its own. */
function meaningOfEscape(): Command | null {
  if (running.value.has(current.value.id)) return "stop";
  return settingsOpen.value ? "settings" : null;
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}
