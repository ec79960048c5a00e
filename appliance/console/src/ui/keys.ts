// Keyboard shortcuts. Each page adds its own while it is shown; the sheet under `?` lists what is in force.

import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

export interface Shortcut {
  /** A key, or two pressed one after the other: "?", "g f", "Escape", "Ctrl+k". */
  keys: string;
  words: string;
  run(): void;
}

export const shortcuts = signal<readonly Shortcut[]>([]);

const SEQUENCE_MS = 900;

/** Put shortcuts in force while the calling component is mounted. */
export function useShortcuts(own: readonly Shortcut[]): void {
  // From the first paint on, and never changed while the component lives.
  useLayoutEffect(() => {
    shortcuts.value = [...shortcuts.peek(), ...own];
    return () => {
      shortcuts.value = shortcuts.peek().filter((shortcut) => !own.includes(shortcut));
    };
  }, []);
}

let before = { key: "", at: 0 };

document.addEventListener("keydown", (event) => {
  const key = event.ctrlKey || event.metaKey ? `Ctrl+${event.key.toLowerCase()}` : event.key;
  if (event.altKey || (isTyping(event.target) && !key.startsWith("Ctrl+") && key !== "Escape")) return;
  const sequence = event.timeStamp - before.at < SEQUENCE_MS ? `${before.key} ${key}` : "";
  before = { key, at: event.timeStamp };
  // The newest first: a page's shortcut wins over the shell's.
  const bound = (pressed: string) => shortcuts.peek().findLast(({ keys }) => keys === pressed);
  const shortcut = bound(sequence) ?? bound(key);
  if (!shortcut || (document.querySelector("dialog[open]") && !key.startsWith("Ctrl+"))) return;
  event.preventDefault();
  shortcut.run();
});

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}
