// The columns of the fleet table; a new one is a line here.

import type { ComponentChildren } from "preact";
import type { FleetHost, Value } from "../../api/types.ts";
import { fleet } from "../../model/fleet.ts";
import { ago, bytes, celsius, duration, MISSING, percent } from "../../model/units.ts";
import { second } from "../../ui/hooks.ts";
import { Labels, Meter, Simulated, StatusDot } from "../../ui/parts.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";

/** Reads a canonical metric's latest value of the row's host. */
export type Reader = (metric: string) => Value;

export interface Column {
  title: string;
  /** What clicking the heading sorts by; null where there is nothing to sort. */
  sort: string | null;
  /** Classes: `wide` and `medium` leave the column out on narrower screens; `n` aligns numbers. */
  kind: string;
  cell(host: FleetHost, read: Reader, onPick: (term: string) => void): ComponentChildren;
}

export const COLUMNS: readonly Column[] = [
  {
    title: "Host",
    sort: "name",
    kind: "host",
    cell: (host, _, onPick) => <HostCell host={host} onPick={onPick} />,
  },
  { title: "CPU", sort: "cpu", kind: "meter-cell", cell: (_, read) => <Meter ratio={read("cpu")} /> },
  {
    title: "CPU, 10 min",
    sort: null,
    kind: "spark-cell medium",
    cell: (host, read) => (
      <Sparkline
        lines={[host.spark.cpu ?? []]}
        top={0.25}
        colours={["series-1"]}
        words={`CPU over ten minutes, now ${percent(read("cpu"))}`}
      />
    ),
  },
  {
    title: "Memory",
    sort: "memory",
    kind: "meter-cell",
    cell: (_, read) => <Meter ratio={read("memory")} />,
  },
  {
    title: "Disk",
    sort: "filesystem",
    kind: "meter-cell",
    cell: (_, read) => <Meter ratio={read("filesystem")} />,
  },
  { title: "Load", sort: "load1", kind: "n load", cell: (_, read) => fixed(read("load1")) },
  {
    title: "Network",
    sort: "net_receive",
    kind: "spark-cell network",
    cell: (host, read) => <NetworkCell host={host} read={read} />,
  },
  {
    title: "Disk I/O",
    sort: "disk_write",
    kind: "n rates wide",
    cell: (_, read) => <Pair down={read("disk_read")} up={read("disk_write")} words={["read", "written"]} />,
  },
  { title: "Temp", sort: "temperature", kind: "n wide", cell: (_, read) => celsius(read("temperature")) },
  { title: "Uptime", sort: "uptime", kind: "n uptime wide", cell: (_, read) => duration(read("uptime")) },
  { title: "Seen", sort: "last_seen", kind: "n seen", cell: (host) => <SeenCell host={host} /> },
];

function fixed(value: Value): string {
  return value === null ? MISSING : value.toFixed(2);
}

function HostCell({ host, onPick }: { host: FleetHost; onPick(term: string): void }) {
  return (
    <div class="host-cell">
      <StatusDot status={host.status} />
      <div class="host-words">
        <a class="host-name name" href={`/hosts/${host.id}`} title={host.name}>
          {host.name}
        </a>
        <div class="host-chips">
          {host.simulated && <Simulated />}
          <Labels labels={host.labels} tags={host.tags} onPick={onPick} />
        </div>
      </div>
    </div>
  );
}

function NetworkCell({ host, read }: { host: FleetHost; read: Reader }) {
  const received = read("net_receive");
  const sent = read("net_transmit");
  return (
    <div class="network-cell">
      <Sparkline
        lines={[host.spark.net_receive ?? [], host.spark.net_transmit ?? []]}
        top={1024}
        colours={["series-3", "series-2"]}
        words="Network over ten minutes"
      />
      <Pair down={received} up={sent} words={["received", "sent"]} colours={["series-3", "series-2"]} />
    </div>
  );
}

interface PairProps {
  down: Value;
  up: Value;
  words: readonly [string, string];
  /** Of the lines beside it, where there are any. */
  colours?: readonly [string, string];
}

function Pair({ down, up, words, colours = ["muted", "muted"] }: PairProps) {
  const arrow = (text: string, colour: string) => (
    <i aria-hidden="true" style={{ color: `var(--${colour})` }}>
      {text}
    </i>
  );
  return (
    <div class="pair">
      <span title={words[0]}>
        {arrow("↓", colours[0])}
        <span class="visually-hidden">{words[0]}</span> {bytes(down, "/s")}
      </span>
      <span title={words[1]}>
        {arrow("↑", colours[1])}
        <span class="visually-hidden">{words[1]}</span> {bytes(up, "/s")}
      </span>
    </div>
  );
}

function SeenCell({ host }: { host: FleetHost }) {
  second.value; // a host that falls silent sends nothing that would redraw its row
  return (
    <span class={host.status === "up" ? "muted" : `seen-${host.status}`}>
      {ago(fleet.now() - host.last_seen)}
    </span>
  );
}
