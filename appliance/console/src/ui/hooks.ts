import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { Problem } from "../api/client.ts";

/** The time, once a second, for what says how long ago something was. */
export const second = signal(Date.now());
setInterval(() => {
  second.value = Date.now();
}, 1000);

export function useTitle(title: string): void {
  useLayoutEffect(() => {
    document.title = `${title} · SysMonitor`;
  }, [title]);
}

export interface Loaded<T> {
  data: T | null;
  problem: Problem | null;
}

/** Load something again whenever `key` changes; an answer that comes too late is dropped. The old data stays meanwhile. */
export function useLoaded<T>(key: string, load: (abort: AbortSignal) => Promise<T>): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ data: null, problem: null });
  // The key stands for all that `load` depends on.
  useEffect(() => {
    const controller = new AbortController();
    load(controller.signal).then(
      (data) => setLoaded({ data, problem: null }),
      (error: unknown) => {
        if (error instanceof Problem) setLoaded((old) => ({ ...old, problem: error }));
        else if (!controller.signal.aborted) throw error;
      },
    );
    return () => controller.abort();
  }, [key]);
  return loaded;
}

/** Whether a media query holds, now and whenever that changes. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const listen = () => setHolds(list.matches);
    list.addEventListener("change", listen);
    return () => list.removeEventListener("change", listen);
  }, [query]);
  return holds;
}
