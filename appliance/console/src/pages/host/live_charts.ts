import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { get, Problem } from "../../api/client.ts";
import { live } from "../../api/live.ts";
import type { Charts, Host, Level, TicksEvent } from "../../api/types.ts";
import { appended, goesOn } from "../../model/charts.ts";
import { fleet } from "../../model/fleet.ts";
import { type Bounds, boundsOf, type Range, rangeQuery } from "../../model/range.ts";

export interface LiveCharts {
  charts: Charts | null;
  bounds: Bounds;
  problem: Problem | null;
  /** True while the range is under way. */
  loading: boolean;
}

/** Points that live ticks may add, in multiples of what was asked for, before the range is loaded anew. */
const GROWTH = 4;

/** After how long charts that are made of more than ticks are loaded anew; a tick alone would change nothing to be seen. */
const STALE_MS: Readonly<Record<Level, number>> = { raw: 0, minute: 60_000, hour: 600_000 };

/** A host's charts over a range; a range that ends now grows with every tick. */
export function useLiveCharts(host: Host, range: Range): LiveCharts {
  useEffect(() => {
    live.watch(host.id);
    return () => live.watch(null);
  }, [host.id]);
  const key = `${host.id}?${new URLSearchParams(rangeQuery(range))}`;
  const shown = useRef<LiveCharts | null>(null);
  const feed = useMemo(() => new ChartFeed(host, range, shown.current), [key]);
  useEffect(() => feed.start(), [feed]);
  shown.current = feed.state.value;
  return shown.current;
}

/** Loads a range once, then adds ticks to it as they are heard. */
class ChartFeed {
  readonly state: Signal<LiveCharts>;
  private readonly ended = new AbortController();
  /** Ticks heard while the range is under way; its answer may be older than they are. */
  private early: TicksEvent[] = [];

  /** What is `shown` stays until the range has arrived. */
  constructor(
    private readonly host: Host,
    private readonly range: Range,
    shown: LiveCharts | null,
  ) {
    const empty = { charts: null, bounds: this.bounds(fleet.now()), problem: null };
    this.state = signal({ ...(shown ?? empty), loading: true });
  }

  start(): () => void {
    const silence = live.listen({
      ticks: (event) => this.take(event),
      restored: () => void this.load(),
    });
    void this.load();
    return () => {
      this.ended.abort();
      silence();
    };
  }

  private bounds(nowMs: number): Bounds {
    return boundsOf(this.range, nowMs, this.host.first_seen);
  }

  private async load(): Promise<void> {
    this.early = [];
    this.change({ loading: true });
    const bounds = this.bounds(fleet.now());
    const query = { from: Math.round(bounds.from), to: Math.round(bounds.to), points: points() };
    try {
      const loaded = await get<Charts>(`/api/v1/hosts/${this.host.id}/charts`, query, this.ended.signal);
      const early = loaded.level === "raw" ? this.early : [];
      const charts = early.reduce<Charts>((all, event) => appended(all, event, bounds.from), loaded);
      this.change({ charts, bounds, problem: null, loading: false });
    } catch (error) {
      if (error instanceof Problem) this.change({ problem: error, loading: false });
    }
  }

  private take(event: TicksEvent): void {
    if (this.range.kind === "fixed") return;
    const { charts, bounds, loading } = this.state.peek();
    if (loading || !charts) this.early.push(event);
    else if (charts.level !== "raw") this.loadIfStale(charts.level, bounds);
    else if (!goesOn(charts, event, this.host.interval_ms) || charts.t.length > GROWTH * points())
      void this.load();
    else this.append(charts, event);
  }

  private loadIfStale(level: Level, { to }: Bounds): void {
    if (fleet.now() - to > STALE_MS[level]) void this.load();
  }

  private append(charts: Charts, event: TicksEvent): void {
    const bounds = this.bounds(Math.max(fleet.now(), event.t.at(-1) ?? 0));
    this.change({ charts: appended(charts, event, bounds.from), bounds });
  }

  private change(changes: Partial<LiveCharts>): void {
    if (!this.ended.signal.aborted) this.state.value = { ...this.state.peek(), ...changes };
  }
}

/** One point per pixel or so of a chart; cards stand in two columns on wide screens. */
function points(): number {
  return Math.round(innerWidth / (innerWidth > 1100 ? 2 : 1) / 100) * 100 || 100;
}
