import type { Host, Status, Value } from "../../api/types.ts";
import { fleet } from "../../model/fleet.ts";
import { lostTicks, plural, uncollectedTicks } from "../../model/ledger.ts";
import { ago, bytes, celsius, count, duration, MISSING, moment, percent } from "../../model/units.ts";
import { second } from "../../ui/hooks.ts";
import { useCertificateWords } from "./certificate.ts";
import { Labels, level, Simulated, StatusDot, Track } from "../../ui/parts.tsx";

/** Facts that have words of their own, in the order of reading. */
const FACTS: readonly [key: string, words: string][] = [
  ["os.description", "System"],
  ["sysmon.kernel.release", "Kernel"],
  ["host.cpu.model.name", "CPU"],
  ["host.arch", "Architecture"],
  ["host.ip", "Address"],
  ["service.version", "Agent"],
];

export function HostHeader({ host }: { host: Host }) {
  const current = fleet.host(host.id)?.value;
  const status = current?.status ?? host.status;
  return (
    <header class="host-header">
      <div class="host-title">
        <StatusDot status={status} />
        <h1>{host.name}</h1>
        {host.simulated && <Simulated />}
        <Labels labels={host.labels} tags={host.tags} />
        <Seen status={status} at={current?.last_seen ?? host.last_seen} />
        <a class="button compare-link" href={`/compare?hosts=${host.id}`}>
          Compare
        </a>
      </div>
      <Facts host={host} />
      <Now host={host} />
    </header>
  );
}

function Seen({ status, at }: { status: Status; at: number }) {
  second.value; // counts on while nothing arrives
  const age = fleet.now() - at;
  if (status === "up") return <span class="host-seen muted">seen {ago(age)}</span>;
  return (
    <strong class={`host-seen ${status}`} role="status" data-testid="silent">
      {status === "down" ? "Down" : "Late"}: nothing since {moment(at)}, {duration(age / 1000)}
    </strong>
  );
}

/** How many processors the host has, where it says so. */
export function coresOf({ series }: Host): number | null {
  return series.find(({ metric }) => metric === "system.cpu.logical.count")?.value ?? null;
}

function Facts({ host }: { host: Host }) {
  const { latest, facts, interval_ms } = host;
  const cores = coresOf(host);
  const certificate = useCertificateWords(host.id);
  const rows: [string, string][] = FACTS.flatMap(([key, words]) => (facts[key] ? [[words, facts[key]]] : []));
  if (cores) rows.push(["Cores", count(cores)]);
  rows.push(["Memory", bytes(latest.memory_limit ?? null)]);
  rows.push(["Uptime", duration(latest.uptime ?? null)]);
  rows.push(["Interval", `${interval_ms / 1000} s`]);
  rows.push(["Ledger", ledgerWords(host)]);
  if (certificate) rows.push(["Certificate", certificate]);
  return (
    <dl class="facts">
      {rows.map(([words, value]) => (
        <div key={words}>
          <dt>{words}</dt>
          <dd title={value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function ledgerWords({ streams }: Host): string {
  const lost = streams.reduce((all, stream) => all + lostTicks(stream), 0);
  const uncollected = streams.reduce((all, stream) => all + uncollectedTicks(stream), 0);
  if (lost > 0) return `${plural(lost, "tick")} lost`;
  return uncollected > 0 ? `0 lost, ${plural(uncollected, "tick")} not collected` : "0 lost";
}

/** The latest values, large: the first thing to look at. */
function Now({ host }: { host: Host }) {
  const current = fleet.host(host.id)?.value;
  const metrics = fleet.metrics.value;
  const read = (metric: string): Value =>
    (current ? current.values[metrics.indexOf(metric)] : host.latest[metric]) ?? null;
  const [load, temperature, cores] = [read("load1"), read("temperature"), coresOf(host)];
  return (
    <div class="now" data-testid="now">
      <Tile
        words="CPU"
        value={percent(read("cpu"))}
        note={temperature === null ? "" : celsius(temperature)}
        ratio={read("cpu")}
      />
      <Tile
        words="Memory"
        value={percent(read("memory"))}
        note={`of ${bytes(read("memory_limit"))}`}
        ratio={read("memory")}
      />
      <Tile words="Fullest filesystem" value={percent(read("filesystem"))} ratio={read("filesystem")} />
      <Tile
        words="Load"
        value={load === null ? MISSING : load.toFixed(2)}
        note={cores === null ? "" : `on ${plural(cores, "core")}`}
      />
      <Tile
        words="Network in"
        value={bytes(read("net_receive"), "/s")}
        note={`${bytes(read("net_transmit"), "/s")} out`}
      />
      <Tile
        words="Disk read"
        value={bytes(read("disk_read"), "/s")}
        note={`${bytes(read("disk_write"), "/s")} written`}
      />
    </div>
  );
}

interface TileProps {
  words: string;
  value: string;
  ratio?: Value;
  note?: string;
}

function Tile({ words, value, ratio = null, note }: TileProps) {
  return (
    <div class="card tile">
      <span class="tile-words">{words}</span>
      <span class="tile-note">{note}</span>
      <span class={`tile-value ${level(ratio)}`}>{value}</span>
      {ratio !== null && <Track ratio={ratio} />}
    </div>
  );
}
