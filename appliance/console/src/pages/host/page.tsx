import "../../styles/charts.css";
import "../../styles/host.css";
import "../../styles/processes.css";
import "../../styles/records.css";
import "../../styles/toolbar.css";
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { get } from "../../api/client.ts";
import type { Host } from "../../api/types.ts";
import { isEmpty } from "../../model/charts.ts";
import { fleet } from "../../model/fleet.ts";
import { plural } from "../../model/ledger.ts";
import {
  boundsOf,
  PRESETS,
  parseRange,
  type Range,
  rangeQuery,
  zoomed,
  zoomedIn,
  zoomedOut,
} from "../../model/range.ts";
import { datedSpan } from "../../model/times.ts";
import { go, route, withParams } from "../../router.ts";
import { useLoaded, useTitle } from "../../ui/hooks.ts";
import { useShortcuts } from "../../ui/keys.ts";
import { Notice } from "../../ui/parts.tsx";
import { coresOf, HostHeader } from "./header.tsx";
import { useLiveCharts } from "./live_charts.ts";
import { ProcessSection } from "./processes.tsx";
import { Section } from "./section.tsx";
import { type Culprit, isShown, SECTIONS } from "./specs.ts";
import { Toolbar } from "./toolbar.tsx";
import { TopProcesses } from "./top.tsx";
import { WhoDidIt } from "./who.tsx";

/** One host: how it is now, how it got there, and which process did it. */
export function HostPage({ id }: { id: string }) {
  const { data: host, problem } = useLoaded(id, (abort) => get<Host>(`/api/v1/hosts/${id}`, {}, abort));
  useTitle(host?.name ?? "Host");
  if (problem && !host) {
    return (
      <Notice
        title={problem.status === 404 ? "There is no such host" : "This host can't be shown"}
        testid="fault"
      >
        <p>{problem.message}</p>
        {problem.hint && <code class="command">{problem.hint}</code>}
        <a class="button" href="/">
          Go to the fleet
        </a>
      </Notice>
    );
  }
  return host ? <HostBody host={host} /> : <HostSkeleton />;
}

function HostSkeleton() {
  return (
    <div class="page" role="status" aria-label="Loading the host">
      <div class="skeleton host-skeleton-head" />
      <div class="chart-grid">
        {["a", "b", "c", "d"].map((key) => (
          <div key={key} class="card skeleton host-skeleton-card" />
        ))}
      </div>
    </div>
  );
}

function HostBody({ host }: { host: Host }) {
  const query = route.value.query;
  const range = useMemo(() => parseRange(query), [query.toString()]);
  const pinned = Number(query.get("at")) || null;
  const culprit = (query.get("who") ?? "cpu") as Culprit;
  const { charts, bounds, problem, loading } = useLiveCharts(host, range);
  const hovered = useSignal<number | null>(null);
  const cores = coresOf(host);
  useHostShortcuts();
  const sections = SECTIONS.filter(
    ({ id, charts: specs }) => id === "processes" || specs.some((spec) => charts && isShown(spec, charts)),
  );
  const actions = (who: Culprit) => ({
    zoom: (dragged: { from: number; to: number }) => show(zoomed(dragged)),
    zoomOut: () => show(zoomedOut(currentRange(), fleet.now())),
    pin: (ms: number) => pin(ms, who),
    hover: (index: number | null) => {
      hovered.value = index;
    },
  });
  return (
    <div class="page host-page" data-testid="host-page">
      <HostHeader host={host} />
      <Toolbar
        sections={sections}
        range={range}
        bounds={bounds}
        loading={loading}
        level={charts?.level ?? null}
        onRange={show}
      />
      {problem && (
        <p class="card fault-line" role="alert">
          {problem.message} {problem.hint}
        </p>
      )}
      {charts && !loading && isEmpty(charts) && <NothingStored host={host} />}
      {charts &&
        sections.map((section) => (
          <Section
            key={section.id}
            section={section}
            charts={charts}
            bounds={bounds}
            pinned={pinned}
            hovered={hovered}
            actionsFor={actions}
            limits={{ memory: host.latest.memory_limit ?? undefined }}
            marks={{ load: cores === null ? undefined : { value: cores, words: plural(cores, "core") } }}
          >
            {section.id === "processes" && (
              <>
                <ProcessSection
                  host={host.id}
                  at={pinned ?? endOf(range)}
                  pinned={pinned !== null}
                  tick={charts.t.at(-1) ?? 0}
                  onPin={(ms) => (ms === null ? unpin() : pin(ms, culprit))}
                />
                <TopProcesses host={host} range={range} />
              </>
            )}
          </Section>
        ))}
      {pinned !== null && (
        <WhoDidIt
          host={host.id}
          at={pinned}
          culprit={culprit}
          onZoom={() => show(zoomedIn(bounds, pinned))}
          onClose={unpin}
        />
      )}
    </div>
  );
}

/** What is said where no chart has anything to show. */
function NothingStored({ host: { id, first_seen, last_seen } }: { host: Host }) {
  const last = fleet.host(id)?.value.last_seen ?? last_seen;
  return (
    <p class="card nothing-stored" role="status" data-testid="nothing-stored">
      Nothing is stored for this time. This host was heard from {datedSpan(first_seen, last)}.
    </p>
  );
}

/** Processes are shown at the end of a range in the past, and live otherwise. */
function endOf(range: Range): number | null {
  return range.kind === "fixed" ? range.to : null;
}

const currentRange = () => parseRange(route.peek().query);

function show(range: Range): void {
  go(withParams({ from: null, to: null, last: null, at: null, who: null, ...rangeQuery(range) }));
}

function pin(ms: number, who: Culprit): void {
  go(withParams({ at: String(ms), who }), { replace: true });
}

function unpin(): void {
  go(withParams({ at: null, who: null }), { replace: true });
}

function useHostShortcuts(): void {
  useShortcuts([
    ...PRESETS.map(({ seconds, words }, i) => ({
      keys: String(i + 1),
      words: `Show the last ${words}`,
      run: () => show({ kind: "last", seconds }),
    })),
    { keys: "z", words: "Zoom out", run: () => show(zoomedOut(currentRange(), fleet.now())) },
    { keys: "p", words: "Pin the middle of the range", run: pinMiddle },
    { keys: "Escape", words: "Take the pin out", run: unpin },
  ]);
}

/** What a click on a chart does, for those who use no mouse. */
function pinMiddle(): void {
  const { from, to } = boundsOf(currentRange(), fleet.now());
  pin(Math.round((from + to) / 2), "cpu");
}
