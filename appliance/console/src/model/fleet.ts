// The fleet as this browser knows it: loaded once, then changed by events. Each host is a signal of its own, so an
// event redraws the rows that are on the screen and changed, and no others.

import { batch, computed, type Signal, signal } from "@preact/signals";
import { get, Problem, signedOut } from "../api/client.ts";
import { type Listener, live } from "../api/live.ts";
import type { Fleet, FleetEvent, FleetHost, HostChange, LedgerTotal, Summary, Value } from "../api/types.ts";
import type { Yardstick } from "./trouble.ts";

const NOTHING: LedgerTotal = { stored: 0, missing: 0, by_reason: {} };
const NOBODY: Summary = { up: 0, late: 0, down: 0, samples_per_second: 0 };
const RATE_POINTS = 60;
const SPARK_SLOTS = 60;

export class FleetStore {
  readonly status = signal<"loading" | "ready" | "failed">("loading");
  readonly fault = signal<Problem | null>(null);
  readonly summary = signal<Summary>(NOBODY);
  readonly ledger = signal<LedgerTotal>(NOTHING);
  readonly metrics = signal<readonly string[]>([]);
  /** The server's rate of ingest over the last events, the newest last. */
  readonly rates = signal<readonly number[]>([]);
  /** Counts changes to any host; what looks at all hosts depends on it. */
  readonly version = signal(0);
  readonly hosts = computed<readonly FleetHost[]>(() => {
    this.version.value;
    return [...this.byId.values()].map((host) => host.peek());
  });

  private readonly byId = new Map<string, Signal<FleetHost>>();
  private slot = 0;
  private slotMs = 10_000;
  private serverAheadMs = 0;
  private loading: Promise<void> | null = null;

  /** The server's time, which is the one that all data is stamped with. */
  now(): number {
    return Date.now() + this.serverAheadMs;
  }

  yardstick(): Yardstick {
    return { metrics: this.metrics.value, nowMs: this.now(), slotMs: this.slotMs };
  }

  host(id: string): Signal<FleetHost> | undefined {
    return this.byId.get(id);
  }

  /** Load the whole fleet; calls that overlap share one request. */
  load(): Promise<void> {
    this.loading ??= get<Fleet>("/api/v1/fleet")
      .then((fleet) => this.replace(fleet))
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.loading = null;
      });
    return this.loading;
  }

  replace(fleet: Fleet): void {
    batch(() => {
      this.metrics.value = fleet.metrics;
      this.slotMs = fleet.spark_seconds * 1000;
      this.slot = Math.floor(fleet.now / this.slotMs);
      const gone = new Set(this.byId.keys());
      for (const host of fleet.hosts) {
        gone.delete(host.id);
        this.put({ ...host, spark: inUnits(host.spark, fleet.spark_units) });
      }
      for (const id of gone) this.byId.delete(id);
      this.account(fleet);
      this.status.value = "ready";
      this.fault.value = null;
    });
  }

  apply(event: FleetEvent): void {
    if (event.hosts.some(({ id }) => !this.byId.has(id))) void this.load();
    batch(() => {
      this.turnSlots(event.now);
      for (const change of event.hosts) this.change(change);
      this.account(event);
    });
  }

  private put(host: FleetHost): void {
    const known = this.byId.get(host.id);
    if (known) known.value = host;
    else this.byId.set(host.id, signal(host));
  }

  private change(change: HostChange): void {
    const known = this.byId.get(change.id);
    if (!known) return;
    const host = known.peek();
    known.value = { ...host, ...change, spark: withLatest(host.spark, this.metrics.peek(), change.values) };
  }

  /** Begin new slots of the sparklines when their time has come. */
  private turnSlots(nowMs: number): void {
    const slot = Math.floor(nowMs / this.slotMs);
    const turns = slot - this.slot;
    if (turns <= 0) return;
    this.slot = slot;
    for (const host of this.byId.values())
      host.value = { ...host.peek(), spark: turned(host.peek().spark, turns) };
  }

  private account({ now, summary, ledger }: { now: number; summary: Summary; ledger: LedgerTotal }): void {
    this.serverAheadMs = now - Date.now();
    this.summary.value = summary;
    this.ledger.value = ledger;
    this.rates.value = [...this.rates.peek(), summary.samples_per_second].slice(-RATE_POINTS);
    this.version.value += 1;
  }

  private fail(error: unknown): void {
    if (!(error instanceof Problem)) throw error;
    this.fault.value = error;
    if (this.status.peek() === "loading") this.status.value = "failed";
  }
}

type Spark = FleetHost["spark"];

/** Sparklines travel as whole multiples of a unit; from here on they are in the units of their metrics. */
function inUnits(spark: Spark, units: Fleet["spark_units"]): Spark {
  return mapped(spark, (name, points) => points.map((point) => point && point * (units[name] ?? 1)));
}

function withLatest(spark: Spark, metrics: readonly string[], values: readonly Value[]): Spark {
  return mapped(spark, (name, points) => [...points.slice(0, -1), values[metrics.indexOf(name)] ?? null]);
}

function turned(spark: Spark, turns: number): Spark {
  return mapped(spark, (_, points) => {
    const fresh = Array<Value>(Math.min(turns, SPARK_SLOTS)).fill(null);
    return [...points, ...fresh].slice(-SPARK_SLOTS);
  });
}

function mapped(spark: Spark, change: (name: string, points: readonly Value[]) => Value[]): Spark {
  return Object.fromEntries(Object.entries(spark).map(([name, points]) => [name, change(name, points)]));
}

export const fleet = new FleetStore();

/** Load the fleet, then keep it current for as long as the page is open. */
export async function followFleet(): Promise<void> {
  const listener: Listener = {
    fleet: (event) => fleet.apply(event),
    restored: () => void fleet.load(),
  };
  await fleet.load();
  if (!signedOut.peek()) live.listen(listener);
}
