// The shapes of the JSON API (docs/reference/http-api.md). All times are Unix milliseconds.

export type Status = "up" | "late" | "down";
export type Value = number | null;
export type Attributes = Readonly<Record<string, string>>;

export interface FleetHost {
  id: string;
  name: string;
  status: Status;
  last_seen: number;
  interval_ms: number;
  labels: Attributes;
  tags: readonly string[];
  simulated: boolean;
  /** In the order of `Fleet.metrics`. */
  values: readonly Value[];
  /** The last sixty slots of `Fleet.spark_seconds`, the newest last; as the API sends them, in multiples of `Fleet.spark_units`. */
  spark: Readonly<Record<string, readonly Value[]>>;
}

export interface Summary {
  up: number;
  late: number;
  down: number;
  samples_per_second: number;
}

export interface LedgerTotal {
  stored: number;
  missing: number;
  by_reason: Readonly<Record<string, number>>;
}

export interface Fleet {
  now: number;
  epoch: number;
  metrics: readonly string[];
  hosts: readonly FleetHost[];
  spark_seconds: number;
  spark_units: Readonly<Record<string, number>>;
  ledger: LedgerTotal;
  summary: Summary;
}

/** A host in a `fleet` event: what may have changed since the last one. */
export interface HostChange {
  id: string;
  status: Status;
  last_seen: number;
  values: readonly Value[];
}

export interface FleetEvent {
  now: number;
  hosts: readonly HostChange[];
  summary: Summary;
  ledger: LedgerTotal;
}

export interface StreamLedger extends LedgerTotal {
  id: string;
  last: number;
}

export interface Ledger {
  hosts: readonly { id: string; name: string; streams: readonly StreamLedger[] }[];
  total: LedgerTotal;
  /** What agents said last of their spools: ticks that are not durable yet, and the room that all takes. */
  spools: { hosts: number; ticks: number; bytes: number };
}

export interface Series {
  metric: string;
  unit: string;
  kind: "counter" | "gauge";
  attributes: Attributes;
  value: Value;
}

export interface Host {
  id: string;
  name: string;
  status: Status;
  last_seen: number;
  first_seen: number;
  interval_ms: number;
  boot_id: string;
  facts: Attributes;
  labels: Attributes;
  tags: readonly string[];
  metadata: Attributes;
  simulated: boolean;
  latest: Readonly<Record<string, Value>>;
  series: readonly Series[];
  streams: readonly StreamLedger[];
}

export interface ChartSeries {
  name: string;
  values: readonly Value[];
}

export interface ChartData {
  unit: string;
  series: readonly ChartSeries[];
}

export interface Gap {
  from: number;
  to: number;
  reason: string;
}

/** What charts were made of: ticks themselves, or what minutes or hours of them come to. */
export type Level = "raw" | "minute" | "hour";

export interface Charts {
  level: Level;
  t: readonly number[];
  charts: Readonly<Record<string, ChartData>>;
  gaps: readonly Gap[];
}

/** A `ticks` event: the points that new ticks add to a host's charts. */
export interface TicksEvent {
  t: readonly number[];
  charts: Readonly<Record<string, ChartData>>;
}

export interface ProcessTable {
  at: number | null;
  columns: readonly string[];
  rows: readonly (readonly (string | number | null)[])[];
}

/** What a process used while it was among the top ones, over some time; what could not be read is null. */
export interface TopProcess {
  pid: number;
  name: string;
  user: string;
  command: string;
  /** Unix seconds. */
  started: number | null;
  first: number;
  last: number;
  cpu_seconds: number | null;
  /** A share of one core. */
  cpu_max: number | null;
  memory_max: number | null;
  read_bytes: number | null;
  written_bytes: number | null;
}

export interface TopProcesses {
  from: number;
  to: number;
  ticks: number;
  processes: readonly TopProcess[];
}

export interface ComparedRow {
  metric: string;
  unit: string;
  attributes: Attributes;
  values: readonly Value[];
  /** Against the first host; null for the first itself and where either has no value. */
  delta: readonly Value[];
}

export interface Comparison {
  hosts: readonly { id: string; name: string }[];
  rows: readonly ComparedRow[];
}

export interface ProblemBody {
  title: string;
  status: number;
  code: string;
  detail?: string;
  hint?: string;
}
