// What is open on the page beside the conversation.
import { signal } from "@preact/signals";

/** Narrower, the panels at the sides lie over the conversation. Also in style/layout.css. */
export const NARROW = matchMedia("(max-width: 60rem)");

/** The list of conversations, on narrow pages; wide ones always show it. */
export const listOpen = signal(false);
export const settingsOpen = signal(false);
export const helpOpen = signal(false);
/** The question being edited; empty for none. */
export const editing = signal("");

export function focusComposer(): void {
  document.getElementById("message")?.focus();
}
