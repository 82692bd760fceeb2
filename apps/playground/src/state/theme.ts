// Light or dark: the system's choice unless the reader makes one.
import { effect, signal } from "@preact/signals";
import { preference } from "../keep/preferences.js";

export type Theme = "system" | "light" | "dark";

export const THEMES: readonly Theme[] = ["system", "light", "dark"];

const kept = preference("theme");

export const theme = signal<Theme>(THEMES.find((name) => name === kept.get()) ?? "system");

export function setTheme(next: Theme): void {
  theme.value = next;
  kept.set(next === "system" ? "" : next);
}

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
