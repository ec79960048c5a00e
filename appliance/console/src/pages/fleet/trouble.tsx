import type { FleetHost } from "../../api/types.ts";
import { fleet } from "../../model/fleet.ts";
import { closestToLimit, type Trouble, troubles } from "../../model/trouble.ts";
import { clock, duration } from "../../model/units.ts";
import { second } from "../../ui/hooks.ts";
import { Meter } from "../../ui/parts.tsx";

const SHOWN = 3;

/** What is wrong, where and since when; where nothing is, which host will be the first. */
export function TroubleKpi() {
  second.value; // how long ago goes on while nothing arrives
  const found = troubles(fleet.hosts.value, fleet.yardstick());
  if (found.length === 0) return <NoTrouble />;
  const rest = found.length - SHOWN;
  return (
    <div class="card kpi kpi-trouble" data-testid="kpi-trouble">
      <h2>
        Needs attention <span class="kpi-count">{found.length}</span>
        {rest > 0 && <span class="kpi-rest">{rest} more in the table</span>}
      </h2>
      <ul>
        {found.slice(0, SHOWN).map((trouble) => (
          <TroubleLine key={`${trouble.host.id} ${trouble.words}`} trouble={trouble} />
        ))}
      </ul>
    </div>
  );
}

function TroubleLine({ trouble: { host, kind, words, sinceMs } }: { trouble: Trouble }) {
  return (
    <li>
      <HostLink host={host} />
      <span class={`trouble-words ${kind}`}>{words}</span>
      <span class="muted">{sinceMs !== null && since(sinceMs)}</span>
    </li>
  );
}

function since(ms: number): string {
  return `since ${clock(ms).slice(0, 5)}, ${duration((fleet.now() - ms) / 1000)}`;
}

function HostLink({ host }: { host: FleetHost }) {
  return (
    <a class="name" href={`/hosts/${host.id}`}>
      {host.name}
    </a>
  );
}

function NoTrouble() {
  const closest = closestToLimit(fleet.hosts.value, fleet.metrics.value);
  return (
    <div class="card kpi kpi-trouble" data-testid="kpi-trouble">
      <h2>Needs attention</h2>
      <p class="kpi-number good">Nothing</p>
      {closest && (
        <div class="closest">
          <span class="muted">
            Closest to a limit: <HostLink host={closest.host} />, {closest.words}
          </span>
          <Meter ratio={closest.ratio} />
        </div>
      )}
    </div>
  );
}
