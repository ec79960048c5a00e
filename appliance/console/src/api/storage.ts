// The shapes of the API of storage: what is kept of the past, where, and for how long. All times are Unix milliseconds.

export type Kind = "raw" | "minute" | "hour" | "tables";
/** How far segments have been merged. */
export type MergeLevel = "sealed" | "day" | "month";

/** What can be under way. */
export type JobName = "seal" | "merge" | "expire" | "check" | "repair" | "import";

/** What is in no segment yet. */
export interface Head {
  batches: number;
  bytes: number;
  file_bytes: number;
  from: number | null;
  to: number | null;
}

export interface KeptKind {
  kind: Kind;
  segments: number;
  bytes: number;
  local_bytes: number;
  ticks: number;
  samples: number;
  bytes_per_sample: number | null;
  from: number | null;
  to: number | null;
  /** For how many days it is kept where no rule says otherwise. */
  days: number;
  /** 0 where there is no such limit. */
  max_bytes: number;
}

export interface Damaged {
  name: string;
  kind: Kind;
  from: number;
  to: number;
  hosts: number;
  found: number;
}

export interface RetentionRule {
  /** Empty for hosts that no rule before it fits. */
  selector: string;
  raw_days: number;
  minute_days: number;
  hour_days: number;
  tables_days: number;
  hosts: number;
}

export interface Storage {
  head: Head;
  kinds: readonly KeptKind[];
  disk: { folder: string; total: number; free: number };
  /** `reachable` is null while nothing was asked of it. */
  object_store: { url: string; reachable: boolean | null } | null;
  /** `done` is a share from 0 to 1, null where it cannot be told. */
  working: { job: JobName; started: number; done: number | null } | null;
  damaged: readonly Damaged[];
  last_seal: number | null;
  last_merge: number | null;
  failure: { since: number; problem: string; hint: string } | null;
  rules: readonly RetentionRule[];
  /** When retention was changed, for a day in which nothing expires by it yet. */
  changed: number | null;
}

export type Weights = Readonly<Record<Kind | "head", number>>;

export interface Forecast {
  now: number;
  /** From how many days it is told; 0 while there is nothing to tell it from. */
  basis_days: number;
  points: readonly (Weights & { t: number; total: number })[];
  per_day: Readonly<Record<Kind, number>>;
  in_a_year: number;
  disk_full: number | null;
  samples_per_day: number;
}

export interface Segment {
  name: string;
  kind: Kind;
  level: MergeLevel;
  from: number;
  to: number;
  hosts: number;
  ticks: number;
  samples: number;
  bytes: number;
  created: number;
  /** Whether its file is here. */
  local: boolean;
  damaged: number | null;
}

export interface SegmentPage {
  segments: readonly Segment[];
  next: string | null;
}

export interface Check {
  state: "never" | "running" | "done";
  checked: number;
  of: number;
  /** Segments that nobody could look at. */
  unread: number;
  damaged: readonly string[];
  started: number | null;
  ended: number | null;
}

export interface Repaired {
  repaired: readonly string[];
  lost: readonly string[];
}
