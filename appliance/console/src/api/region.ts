// The shapes of the API of a region's aggregators: who leads, and what can be restored. All times are Unix milliseconds.

export type NodeRole = "single" | "standby" | "taking_over" | "leader" | "waiting";
/** What durable stands for: on this disk, in the replica, in the lineage too, or read back by a standby. */
export type Assurance = "committed" | "replicated" | "recorded" | "read_back";

export interface Leader {
  node: string;
  ingest: string;
  /** Empty where it is on loopback alone. */
  console: string;
  epoch: number;
}

export interface RegionNode {
  node: string;
  ingest: string;
  console: string;
  role: NodeRole;
  epoch: number;
  mark: number;
  /** How far it is behind the leader; null where the one that answers does not know. */
  lag_ms: number | null;
  /** When it reported last. */
  heard: number | null;
  prepared: boolean;
  fault: string;
}

export interface Durable {
  mark: number;
  committed_mark: number;
  at: number | null;
  waiting: number;
  trouble: string;
  hint: string;
}

export interface Region {
  topology: "single" | "replicated" | "ha";
  region: string;
  cluster: string;
  /** The one that answers. */
  node: string;
  role: NodeRole;
  epoch: number;
  leader: Leader | null;
  assurance: Assurance;
  /** What is less than it should be; empty where nothing is. */
  degraded: string;
  durable: Durable;
  age_ms: number | null;
  nodes: readonly RegionNode[];
  lineage: { epoch: number; path: string; txid: number } | null;
  consul_trouble: string;
  store_trouble: string;
  handoff: { to: string; epoch: number } | null;
  blocked: Blocked | null;
}

export interface Blocked {
  code: string;
  detail: string;
  hint: string;
  chapters: readonly { epoch: number; path: string; node: string; began: number }[];
  databases: readonly string[];
}

export interface HandoffChecks {
  checks: readonly { name: string; ok: boolean; detail: string }[];
  ok: boolean;
}

/** An epoch, and what of it can be restored. */
export interface Chapter {
  epoch: number;
  path: string;
  node: string;
  began: number;
  parent: string;
  parent_txid: number;
  origin: string;
  /** False of what was never acknowledged, and of what a restore gave up. */
  on_line: boolean;
  from: number | null;
  to: number | null;
  txid: number;
}

export interface Drill {
  state: "never" | "running" | "passed" | "failed";
  began: number | null;
  ended: number | null;
  path: string;
  txid: number;
  restored_bytes: number;
  seconds: number;
  problem: string;
  hint: string;
  counts: Readonly<Record<string, number>>;
}

export interface Backups {
  chapters: readonly Chapter[];
  from: number | null;
  to: number | null;
  drill: Drill;
}
