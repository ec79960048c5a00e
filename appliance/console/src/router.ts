// The address is the state: pages read `route`, and change it with `go`. Links are plain <a href>, so they open in new
// tabs and can be copied.

import { computed, signal } from "@preact/signals";

export interface Route {
  path: string;
  query: URLSearchParams;
}

const href = signal(location.pathname + location.search);

export const route = computed<Route>(() => {
  const url = new URL(href.value, location.origin);
  return { path: url.pathname, query: url.searchParams };
});

/** Go to an address of this console. `replace` leaves no entry in the history: for what is typed or scrubbed. */
export function go(target: string, { replace = false } = {}): void {
  if (target === href.peek()) return;
  const leaves = new URL(target, location.origin).pathname !== route.peek().path;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  href.value = target;
  if (leaves) scrollTo(0, 0);
}

/** The present address with some parameters set, or removed where null. */
export function withParams(changes: Readonly<Record<string, string | null>>): string {
  const { path, query } = route.peek();
  const next = new URLSearchParams(query);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(key);
    else next.set(key, value);
  }
  const text = next.toString();
  return text ? `${path}?${text}` : path;
}

addEventListener("popstate", () => {
  href.value = location.pathname + location.search;
});

document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest?.("a");
  const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
  if (!link || modified || event.defaultPrevented || link.target || link.origin !== location.origin) return;
  if (link.hasAttribute("download") || (link.hash && link.pathname === location.pathname)) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
