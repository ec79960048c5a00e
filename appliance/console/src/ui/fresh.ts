// What is loaded again by itself: every 30 seconds while the page is in sight, and after each change made here.

import { effect, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { get, Problem, type Query, withQuery } from "../api/client.ts";
import { type Loaded, second, useLoaded } from "./hooks.ts";

const BEAT_MS = 30_000;
const MOVING_MS = 2000;

/** Counts the moments at which everything on the screen is loaded again. */
export const beat = signal(0);

let beatenAt = Date.now();

/** Load everything on the screen again, because it may have changed. */
export function refresh(): void {
  beatenAt = Date.now();
  beat.value = beat.peek() + 1;
}

function beatWhenDue(): void {
  if (document.visibilityState === "visible" && Date.now() - beatenAt >= BEAT_MS) refresh();
}

effect(() => {
  second.value;
  beatWhenDue();
});
document.addEventListener("visibilitychange", beatWhenDue);

/** A resource of the API, kept fresh. */
export function useFresh<T>(path: string, query: Query = {}): Loaded<T> {
  return useLoaded(`${withQuery(path, query)} ${beat.value}`, (abort) => get<T>(path, query, abort));
}

/** A resource that is kept fresh, every two seconds while what it says is moving. */
export function usePolled<T>(path: string, isMoving: (data: T) => boolean): Loaded<T> {
  const [round, setRound] = useState(0);
  const loaded = useLoaded(`${path} ${beat.value} ${round}`, (abort) => get<T>(path, {}, abort));
  const moving = loaded.data !== null && isMoving(loaded.data);
  useEffect(() => {
    if (!moving) return undefined;
    const timer = setTimeout(() => setRound(round + 1), MOVING_MS);
    return () => clearTimeout(timer);
  }, [moving, loaded.data]);
  return loaded;
}

/** The first pages of a long list, kept fresh; `cursor` is the parameter that takes what `next` says. */
export function useFreshPages<Page extends { next: string | number | null }>(
  path: string,
  query: Query,
  { cursor, most }: { cursor: string; most: number },
): Loaded<readonly Page[]> {
  const key = `${withQuery(path, query)} ${most} ${beat.value}`;
  return useLoaded(key, async (abort) => {
    const pages: Page[] = [];
    let next: Page["next"] = null;
    do {
      const page: Page = await get<Page>(path, next === null ? query : { ...query, [cursor]: next }, abort);
      pages.push(page);
      next = page.next;
    } while (next !== null && pages.length < most);
    return pages;
  });
}

export interface Action {
  busy: boolean;
  problem: Problem | null;
  /** Do it, unless it is being done; what the screen shows is loaded again afterwards. */
  run(work: () => Promise<void>): void;
}

/** A change that a person orders, with what came of it. */
export function useAction(): Action {
  const [state, setState] = useState<{ busy: boolean; problem: Problem | null }>({
    busy: false,
    problem: null,
  });
  const perform = async (work: () => Promise<void>) => {
    setState({ busy: true, problem: null });
    try {
      await work();
      setState({ busy: false, problem: null });
    } catch (error) {
      setState({ busy: false, problem: error instanceof Problem ? error : null });
      if (!(error instanceof Problem)) throw error;
    }
    refresh();
  };
  const run = (work: () => Promise<void>) => {
    if (!state.busy) void perform(work);
  };
  return { ...state, run };
}
