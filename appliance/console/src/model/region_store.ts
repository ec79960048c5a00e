// The region's state, asked for again and again for as long as the page is open: also while nothing answers, because
// that is when it matters.

import { signal } from "@preact/signals";
import { get, Problem, signedOut } from "../api/client.ts";
import { live } from "../api/live.ts";
import type { Region } from "../api/region.ts";
import { takeover } from "./region.ts";

const CALM_MS = 10_000;
const CLOSE_MS = 2000;
const NEWS_MS = 30_000;

export class RegionStore {
  readonly region = signal<Region | null>(null);
  readonly problem = signal<Problem | null>(null);
  /** That another aggregator leads now, for a while. */
  readonly news = signal<string | null>(null);

  private closely = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private newsTimer: ReturnType<typeof setTimeout> | undefined;

  /** Begin to follow; again at once when the stream of events is back after a loss. */
  follow(): () => void {
    void this.load();
    return live.connection.subscribe((state) => {
      if (state === "open") void this.load();
    });
  }

  /** Ask every two seconds until the returned function is called. */
  watchClosely(): () => void {
    this.closely += 1;
    void this.load();
    return () => {
      this.closely -= 1;
    };
  }

  async load(): Promise<void> {
    clearTimeout(this.timer);
    try {
      this.take(await get<Region>("/api/v1/ha"));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem.value = error;
    }
    clearTimeout(this.timer);
    if (!signedOut.peek()) this.timer = setTimeout(() => void this.loadInSight(), this.pauseMs());
  }

  take(region: Region): void {
    const words = takeover(this.region.peek(), region);
    this.region.value = region;
    this.problem.value = null;
    if (words) this.tell(words);
  }

  private tell(words: string): void {
    this.news.value = words;
    clearTimeout(this.newsTimer);
    this.newsTimer = setTimeout(() => {
      this.news.value = null;
    }, NEWS_MS);
  }

  /** A page that nobody sees asks nothing. */
  private async loadInSight(): Promise<void> {
    if (document.visibilityState === "visible") return this.load();
    document.addEventListener("visibilitychange", () => void this.load(), { once: true });
    return undefined;
  }

  /** Trouble is followed as closely as a page that shows it. */
  private pauseMs(): number {
    const troubled =
      this.problem.peek() !== null || this.region.peek()?.degraded || this.region.peek()?.handoff;
    return this.closely > 0 || troubled ? CLOSE_MS : CALM_MS;
  }
}

export const regionStore = new RegionStore();
