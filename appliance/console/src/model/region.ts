// The region as this browser knows it, in words: who leads, what is durable, and what changes hands.

import type { Assurance, Chapter, NodeRole, Region, RegionNode } from "../api/region.ts";
import { ago, duration, MISSING } from "./units.ts";

export const ROLE_WORDS: Readonly<Record<NodeRole, string>> = {
  single: "Only aggregator",
  standby: "Standby",
  taking_over: "Taking over",
  leader: "Leader",
  waiting: "Waits for a person",
};

const ASSURANCE_WORDS: Readonly<Record<Assurance, string>> = {
  committed: "Durable is what is on this disk; there is no replica.",
  replicated: "Durable is what is in the replica.",
  recorded: "In the replica; no standby reads it back.",
  read_back: "In the replica, and read back from it by a standby.",
};

const ORIGIN_WORDS: Readonly<Record<string, string>> = {
  "": "the region began",
  failover: "the one before was gone",
  handoff: "handed over",
  outage: "went on after an outage",
  adopted: "adopted a single aggregator",
  restored: "restored to a moment",
  recovered: "recovered by a person",
};

export type Tone = "ok" | "warn" | "bad" | "quiet";

/** A standby that is further behind than this is not close. */
const CLOSE_MS = 10_000;
/** A node that is silent for so long may be gone. */
const SILENT_MS = 10_000;
/** Something becomes durable each second; where it does not for so long, nothing came or something is wrong. */
const STALE_MS = 15_000;

/** Who leads, in as few words as a card has. */
export function leaderWords({ blocked, leader }: Region): string {
  if (blocked) return "Nobody, until you decide";
  return leader?.node ?? "Nobody";
}

export function leaderTone({ blocked, leader, role }: Region): Tone {
  if (blocked || !leader) return "bad";
  return role === "taking_over" ? "warn" : "ok";
}

/** Whether everything that was accepted lasts. */
export interface Lasting {
  figure: string;
  tone: Tone;
  words: string;
  hint: string;
}

export function lasting(region: Region, nowMs: number): Lasting {
  const { durable, age_ms, assurance } = region;
  if (region.blocked || !region.leader)
    return {
      figure: "Nothing",
      tone: "bad",
      words: "Nobody accepts anything; agents keep it in their spools.",
      hint: "",
    };
  if (!leads(region)) return lastingAtStandby(region.node, age_ms);
  if (durable.trouble)
    return { figure: sinceWords(durable.at, nowMs), tone: "bad", words: durable.trouble, hint: durable.hint };
  const isStale = durable.waiting > 0 && durable.at !== null && nowMs - durable.at > STALE_MS;
  const tone = isStale ? "bad" : assurance === "recorded" ? "warn" : "ok";
  return { figure: sinceWords(durable.at, nowMs), tone, words: ASSURANCE_WORDS[assurance], hint: "" };
}

function lastingAtStandby(node: string, ageMs: number | null): Lasting {
  if (ageMs === null)
    return { figure: "Not known", tone: "warn", words: `${node} has no copy to tell it from.`, hint: "" };
  const tone = ageMs > CLOSE_MS ? "warn" : "ok";
  return {
    figure: `${seconds(ageMs)} ago`,
    tone,
    words: `As ${node} has read it back from the replica.`,
    hint: "",
  };
}

/** Whether the aggregator that answers is the one that accepts changes. */
export function leads({ role }: Region): boolean {
  return role === "leader" || role === "single";
}

function sinceWords(atMs: number | null, nowMs: number): string {
  return atMs === null ? "Not yet" : `${seconds(nowMs - atMs)} ago`;
}

/** A short time with a tenth, a longer one in its two largest units. */
export function seconds(ms: number): string {
  return ms < 10_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)}s` : duration(ms / 1000);
}

/** How an aggregator fares, in a few words. */
export function nodeWords(node: RegionNode, nowMs: number): { tone: Tone; words: string } {
  if (node.fault) return { tone: "bad", words: `Found the replica broken: ${node.fault}` };
  if (node.role === "waiting") return { tone: "bad", words: "Waits for a decision" };
  if (node.role === "taking_over") return { tone: "warn", words: "Restores what it will lead with" };
  if (node.role !== "standby") return { tone: "ok", words: "Accepts what agents send" };
  if (node.heard === null) return { tone: "quiet", words: "Not heard of here" };
  if (nowMs - node.heard > SILENT_MS)
    return { tone: "bad", words: `Silent for ${duration((nowMs - node.heard) / 1000)}` };
  if (node.lag_ms === null) return { tone: "ok", words: "Reports to the leader" };
  if (node.lag_ms > CLOSE_MS) return { tone: "warn", words: `Behind by ${seconds(node.lag_ms)}` };
  return { tone: "ok", words: node.prepared ? "Prepared to lead" : "Follows closely" };
}

/** What a banner says on every page; null while all is well. */
export interface Alarm {
  tone: "warn" | "bad";
  words: string;
}

export function alarm(region: Region): Alarm | null {
  if (!region.degraded) return null;
  const nothingLasts =
    region.blocked !== null || region.leader === null || (leads(region) && region.durable.trouble);
  return { tone: nothingLasts ? "bad" : "warn", words: region.degraded };
}

/** What to say when another epoch is led than before; null where that is no news. */
export function takeover(before: Region | null, now: Region): string | null {
  if (!before?.leader || !now.leader || now.leader.epoch <= before.leader.epoch) return null;
  const { node, epoch } = now.leader;
  return node === before.leader.node
    ? `${node} leads again, with epoch ${epoch}.`
    : `${node} has taken over from ${before.leader.node}, with epoch ${epoch}.`;
}

/** Where the console is served too, besides the address that this page came from. */
export function otherConsoles(region: Region | null, origin: string): readonly string[] {
  const found = (region?.nodes ?? []).map(({ console }) => console).filter(Boolean);
  return found.filter((console) => console !== origin);
}

export function originWords(origin: string): string {
  return ORIGIN_WORDS[origin] ?? origin;
}

/** An epoch of the line, with how long it was led. */
export interface Led {
  chapter: Chapter;
  endMs: number;
  isNow: boolean;
}

/** The epochs that led to the present one, the newest first. */
export function led(chapters: readonly Chapter[], nowMs: number): Led[] {
  const line = chapters.filter(({ on_line }) => on_line);
  return line
    .map((chapter, i) => ({
      chapter,
      endMs: line[i + 1]?.began ?? nowMs,
      isNow: i === line.length - 1,
    }))
    .reverse();
}

export function heardWords({ heard }: RegionNode, nowMs: number): string {
  return heard === null ? MISSING : ago(nowMs - heard);
}
