// Lists that are too long for one answer: their pages are loaded as they come into sight.

import { useEffect, useMemo, useState } from "preact/hooks";
import { get, Problem, type Query, withQuery } from "../api/client.ts";

export interface Growing<Page> {
  /** Null until the first page is here; those of another query stay until then. */
  pages: readonly Page[] | null;
  problem: Problem | null;
  /** Load the next page, unless there is none or it is on its way. */
  more(): void;
}

/** The pages of a resource; begun anew when the query or `version` changes. */
export function useGrowing<Page extends { next: string | null }>(
  path: string,
  query: Query,
  version = "",
): Growing<Page> {
  const [{ pages, problem }, setShown] = useState<Shown<Page>>({ pages: null, problem: null });
  const pager = useMemo(() => new Pager<Page>(path, query, setShown), [withQuery(path, query), version]);
  useEffect(() => pager.start(), [pager]);
  return { pages, problem, more: () => void pager.more() };
}

interface Shown<Page> {
  pages: readonly Page[] | null;
  problem: Problem | null;
}

class Pager<Page extends { next: string | null }> {
  private pages: readonly Page[] = [];
  private busy = false;
  private readonly ended = new AbortController();

  constructor(
    private readonly path: string,
    private readonly query: Query,
    private readonly show: (change: (old: Shown<Page>) => Shown<Page>) => void,
  ) {}

  start(): () => void {
    void this.more();
    return () => this.ended.abort();
  }

  async more(): Promise<void> {
    const cursor = this.pages.at(-1)?.next;
    if (this.busy || cursor === null) return;
    this.busy = true;
    try {
      const query = cursor === undefined ? this.query : { ...this.query, cursor };
      const page = await get<Page>(this.path, query, this.ended.signal);
      this.pages = [...this.pages, page];
      this.show(() => ({ pages: this.pages, problem: null }));
    } catch (error) {
      if (error instanceof Problem) this.show((old) => ({ ...old, problem: error }));
      else if (!this.ended.signal.aborted) throw error;
    } finally {
      this.busy = false;
    }
  }
}
