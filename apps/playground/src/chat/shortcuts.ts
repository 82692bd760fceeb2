// Every keyboard shortcut: what it does and how the help dialog names it. One table, so that the help cannot be wrong.

export type Command =
  | "new"
  | "previous"
  | "next"
  | "stop"
  | "regenerate"
  | "edit"
  | "settings"
  | "conversations"
  | "help"
  | "write";

/** What is read of a KeyboardEvent. */
export type Key = Pick<KeyboardEvent, "key" | "code" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">;

interface Shortcut {
  readonly keys: readonly string[];
  readonly what: string;
  readonly command?: Command;
  /** With Alt, by the key's place, since Alt changes the character on some keyboards. */
  readonly altCode?: string;
  /** Alone, by its character, only while nothing is being written. */
  readonly character?: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ["Enter"], what: "Send the message" },
  { keys: ["Shift", "Enter"], what: "New line in the message" },
  { keys: ["Esc"], what: "Stop the answer; close a panel" },
  { keys: ["↑"], what: "In an empty message: edit the last one sent" },
  { keys: ["Alt", "E"], what: "Edit the last message sent", command: "edit", altCode: "KeyE" },
  { keys: ["Alt", "R"], what: "Answer again", command: "regenerate", altCode: "KeyR" },
  { keys: ["Alt", "N"], what: "New conversation", command: "new", altCode: "KeyN" },
  { keys: ["Alt", "↑"], what: "Previous conversation", command: "previous", altCode: "ArrowUp" },
  { keys: ["Alt", "↓"], what: "Next conversation", command: "next", altCode: "ArrowDown" },
  { keys: ["Alt", "C"], what: "Conversations", command: "conversations", altCode: "KeyC" },
  { keys: ["Alt", "S"], what: "Settings", command: "settings", altCode: "KeyS" },
  { keys: ["/"], what: "Go to the message field", command: "write", character: "/" },
  { keys: ["?"], what: "This list (Alt+H while writing)", command: "help", altCode: "KeyH", character: "?" },
  { keys: ["←", "→"], what: "In a token view: move between tokens" },
];

/** @param writing whether the key goes into a text field */
export function commandOf(key: Key, writing: boolean): Command | null {
  if (key.ctrlKey || key.metaKey) return null;
  const match = SHORTCUTS.find((shortcut) =>
    key.altKey ? shortcut.altCode === key.code : !writing && shortcut.character === key.key,
  );
  return match?.command ?? null;
}
