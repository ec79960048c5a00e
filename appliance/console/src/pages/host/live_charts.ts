import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get, Problem } from "../../api/client.ts";
import { live } from "../../api/live.ts";
import type { Charts, Host } from "../../api/types.ts";
import { appended } from "../../model/charts.ts";
import { fleet } from "../../model/fleet.ts";
import { type Bounds, boundsOf, type Range, rangeQuery } from "../../model/range.ts";

export interface LiveCharts {
  charts: Charts | null;
  bounds: Bounds;
  problem: Problem | null;
  /** True while another range is under way; the old one stays on the screen. */
  loading: boolean;
}

/** Points that live ticks may add, in multiples of what was asked for, before the range is loaded anew. */
const GROWTH = 4;

/** A host's charts over a range; a range that ends now grows with every tick. */
export function useLiveCharts({ id, first_seen }: Host, range: Range): LiveCharts {
  const state = useSignal<LiveCharts>({
    charts: null,
    bounds: boundsOf(range, fleet.now(), first_seen),
    problem: null,
    loading: true,
  });
  const key = `${id}?${new URLSearchParams(rangeQuery(range))}`;
  useEffect(() => {
    const controller = new AbortController();
    const change = (changes: Partial<LiveCharts>) => {
      if (!controller.signal.aborted) state.value = { ...state.peek(), ...changes };
    };
    const load = async () => {
      change({ loading: true });
      const bounds = boundsOf(range, fleet.now(), first_seen);
      const query = { from: Math.round(bounds.from), to: Math.round(bounds.to), points: points() };
      try {
        const charts = await get<Charts>(`/api/v1/hosts/${id}/charts`, query, controller.signal);
        change({ charts, bounds, problem: null, loading: false });
      } catch (error) {
        if (error instanceof Problem) change({ problem: error, loading: false });
      }
    };
    const silence = live.listen({
      ticks: (event) => {
        const { charts } = state.peek();
        if (range.kind === "fixed" || !charts) return;
        const bounds = boundsOf(range, Math.max(fleet.now(), event.t.at(-1) ?? 0), first_seen);
        change({ charts: appended(charts, event, bounds.from), bounds });
        if (charts.t.length > GROWTH * points()) void load();
      },
      restored: () => void load(),
    });
    live.watch(id);
    void load();
    return () => {
      controller.abort();
      silence();
      live.watch(null);
    };
  }, [key]);
  return state.value;
}

/** One point per pixel or so of a chart; cards stand in two columns on wide screens. */
function points(): number {
  return Math.round(innerWidth / (innerWidth > 1100 ? 2 : 1) / 100) * 100 || 100;
}
