// What of storage needs a person, and how much is kept, in words.

import type { Check, Damaged, Forecast, JobName, Kind, Storage } from "../api/storage.ts";
import type { ChartSeries } from "../api/types.ts";
import { plural } from "./ledger.ts";
import { DAY_MS, datedSpan, relative } from "./times.ts";
import { bytes, duration } from "./units.ts";

/** In the order in which detail is given up. */
export const KINDS: readonly Kind[] = ["raw", "minute", "hour", "tables"];

export const KIND_WORDS: Readonly<Record<Kind | "head", string>> = {
  head: "Head",
  raw: "Ticks",
  minute: "Minutes",
  hour: "Hours",
  tables: "Process tables",
};

/** For how long before the disk is full somebody should look, and must act. */
const WARN_DAYS = 60;
const ACT_DAYS = 14;

export interface Concern {
  tone: "warn" | "bad";
  words: string;
  /** More of it, where there is more to be told. */
  detail: string;
  /** A command that helps; empty where there is none. */
  hint: string;
}

/** All that is wrong with what is kept, or will be, the most urgent first. */
export function concerns(storage: Storage, forecast: Forecast | null, nowMs: number): Concern[] {
  const found = [
    damagedConcern(storage),
    failureConcern(storage, nowMs),
    diskConcern(forecast, nowMs),
    storeConcern(storage),
    changeConcern(storage, nowMs),
  ].filter((concern) => concern !== null);
  return [...found.filter(({ tone }) => tone === "bad"), ...found.filter(({ tone }) => tone === "warn")];
}

function damagedConcern({ damaged }: Storage): Concern | null {
  if (damaged.length === 0) return null;
  const words = damaged.length === 1 ? "A segment is damaged" : `${damaged.length} segments are damaged`;
  return { tone: "bad", words, detail: unreadable(damaged), hint: "sysmon storage repair" };
}

function failureConcern({ failure }: Storage, nowMs: number): Concern | null {
  if (!failure) return null;
  const words = `Segments could not be written for ${duration((nowMs - failure.since) / 1000)}`;
  return { tone: "bad", words, detail: failure.problem, hint: failure.hint };
}

function diskConcern(forecast: Forecast | null, nowMs: number): Concern | null {
  const fullAt = forecast?.disk_full ?? null;
  const tone = diskTone(fullAt, nowMs);
  if (fullAt === null || tone === "ok") return null;
  const words = fullAt > nowMs ? `The disk is full ${relative(fullAt, nowMs)}` : "The disk is full";
  const detail = "Keep history for a shorter time, or give it more room.";
  return { tone, words, detail, hint: "sysmon storage forecast" };
}

/** How urgent it is that the disk will be full; null where it will not. */
export function diskTone(fullAtMs: number | null, nowMs: number): "ok" | "warn" | "bad" {
  if (fullAtMs === null || fullAtMs > nowMs + WARN_DAYS * DAY_MS) return "ok";
  return fullAtMs > nowMs + ACT_DAYS * DAY_MS ? "warn" : "bad";
}

function storeConcern({ object_store }: Storage): Concern | null {
  if (object_store?.reachable !== false) return null;
  const words = "The object store does not answer";
  return { tone: "warn", words, detail: "History that has no copy here cannot be read meanwhile.", hint: "" };
}

function changeConcern({ changed }: Storage, nowMs: number): Concern | null {
  if (changed === null) return null;
  const words = `Retention was changed ${relative(changed, nowMs)}`;
  return { tone: "warn", words, detail: "For a day, what was kept before stays too.", hint: "" };
}

/** What of history cannot be read because segments are damaged: from when to when, and of how many hosts at most. */
export function unreadable(damaged: readonly Damaged[]): string {
  const from = Math.min(...damaged.map((segment) => segment.from));
  const to = Math.max(...damaged.map((segment) => segment.to));
  const hosts = damaged.reduce((most, segment) => Math.max(most, segment.hosts), 0);
  const kinds = KINDS.filter((kind) => damaged.some((segment) => segment.kind === kind));
  const words = kinds.map((kind) => KIND_WORDS[kind].toLowerCase()).join(", ");
  return `History (${words}) of ${plural(hosts, "host")}, ${datedSpan(from, to)}, cannot be read in full`;
}

/** All bytes that are kept: the head and every kind of segment. */
export function keptBytes({ head, kinds }: Storage): number {
  return kinds.reduce((sum, { bytes }) => sum + bytes, head.file_bytes);
}

/** The first moment of which anything is kept; null while nothing is. */
export function keptSince({ head, kinds }: Storage): number | null {
  const known = [head.from, ...kinds.map(({ from }) => from)].filter((from) => from !== null);
  return known.length > 0 ? Math.min(...known) : null;
}

/** Bytes per sample of the ticks themselves, with all that is made of them; null while there are none. */
export function bytesPerSample({ kinds }: Storage): number | null {
  const metrics = kinds.filter(({ kind }) => kind !== "tables");
  const samples = metrics.find(({ kind }) => kind === "raw")?.samples ?? 0;
  const bytes = metrics.reduce((sum, kind) => sum + kind.bytes, 0);
  return samples > 0 ? bytes / samples : null;
}

/** What is drawn of a forecast, from below: what stays longest comes first. */
const PARTS = ["hour", "minute", "tables", "raw", "head"] as const;

/** A series for each part of what will be kept. */
export function forecastSeries({ points }: Forecast): ChartSeries[] {
  return PARTS.map((part) => ({ name: KIND_WORDS[part], values: points.map((point) => point[part]) }));
}

/** From what a forecast is told, and what it says of a day. */
export function basisWords({ basis_days, per_day }: Forecast): string {
  const inADay = KINDS.reduce((sum, kind) => sum + per_day[kind], 0);
  if (inADay === 0) return "There is hardly any history yet to foretell it from.";
  if (basis_days < 1)
    return `Told from figures of other fleets, until there is a day of history; by them a day takes ${bytes(inADay)}.`;
  return `Told from ${plural(Math.round(basis_days), "day")} of history, in which a day took ${bytes(inADay)}.`;
}

/** How long after it was asked for a job may begin; one for which there is nothing to do never does. */
const PATIENCE_MS = 20_000;

/** A job that somebody asked for. */
export interface Asked {
  job: "seal" | "check";
  atMs: number;
}

/** Whether a job that was asked for is still to come; `beganMs` is when the newest of its kind began. */
export function isPending(asked: Asked | null, beganMs: number | null, nowMs: number): boolean {
  return asked !== null && (beganMs ?? 0) < asked.atMs && nowMs < asked.atMs + PATIENCE_MS;
}

export const JOB_WORDS: Readonly<Record<JobName, string>> = {
  seal: "Sealing",
  merge: "Merging",
  expire: "Removing what has expired",
  check: "Checking",
  repair: "Repairing",
  import: "Importing",
};

/** How the newest check ended, in a sentence. */
export function checkWords({ state, checked, unread, damaged }: Check): string {
  if (state === "never") return "Segments were never checked.";
  const found = damaged.length > 0 ? `${damaged.length} damaged` : "none damaged";
  const missed = unread > 0 ? `, ${unread} could not be read` : "";
  return `${plural(checked, "segment")} checked, ${found}${missed}.`;
}
