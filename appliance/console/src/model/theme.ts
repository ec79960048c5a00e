import { effect, signal } from "@preact/signals";

export type Theme = "dark" | "light";

/** The same as in theme_first.ts, which can import nothing. */
const KEY = "sysmon.theme";
const system = matchMedia("(prefers-color-scheme: light)");

/** The chosen theme, or null to follow the system. */
const chosen = signal<Theme | null>(stored());
const systemTheme = signal<Theme>(system.matches ? "light" : "dark");

export const theme = signal<Theme>(chosen.peek() ?? systemTheme.peek());

system.addEventListener("change", ({ matches }) => {
  systemTheme.value = matches ? "light" : "dark";
});

effect(() => {
  const current = chosen.value ?? systemTheme.value;
  // The attribute first: who reads the signal also reads colours from the style sheet.
  document.documentElement.dataset.theme = current;
  theme.value = current;
});

/** Switch to the other theme; back on the system's own, follow the system again. */
export function toggleTheme(): void {
  const next: Theme = theme.peek() === "dark" ? "light" : "dark";
  chosen.value = next === systemTheme.peek() ? null : next;
  if (chosen.value) localStorage.setItem(KEY, chosen.value);
  else localStorage.removeItem(KEY);
}

function stored(): Theme | null {
  const value = localStorage.getItem(KEY);
  return value === "dark" || value === "light" ? value : null;
}
