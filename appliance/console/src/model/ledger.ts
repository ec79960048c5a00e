// The loss ledger in words. What an agent never collected is told apart from what was collected and then lost:
// the first is expected when a machine is switched off, the second must never happen.

import type { LedgerTotal } from "../api/types.ts";
import { whole } from "./units.ts";

interface Reason {
  lost: boolean;
  words: string;
}

const REASONS: Readonly<Record<string, Reason>> = {
  agent_down: { lost: false, words: "not collected while the agent was not running" },
  host_down: { lost: false, words: "not collected while the host was off or rebooting" },
  overrun: { lost: false, words: "not collected because the agent was late or suspended" },
  spool_full: { lost: true, words: "dropped because the agent's spool was full" },
  spool_damaged: { lost: true, words: "lost with a damaged spool file" },
  rejected: { lost: true, words: "refused by the aggregator and set aside on the host" },
  restored: { lost: true, words: "lost when the aggregator was restored to an earlier moment" },
};
const UNKNOWN: Reason = { lost: true, words: "missing for an unknown reason" };

const reasonOf = (name: string): Reason => REASONS[name] ?? UNKNOWN;

export function reasonInWords(name: string): string {
  return reasonOf(name).words;
}

/** Ticks that were collected and then lost. */
export function lostTicks({ by_reason }: LedgerTotal): number {
  return sum(Object.entries(by_reason).filter(([name]) => reasonOf(name).lost));
}

/** Ticks that were never collected. */
export function uncollectedTicks({ by_reason }: LedgerTotal): number {
  return sum(Object.entries(by_reason).filter(([name]) => !reasonOf(name).lost));
}

const sum = (entries: readonly [string, number][]) => entries.reduce((total, [, ticks]) => total + ticks, 0);

/** One sentence per reason, the most frequent first. */
export function ledgerLines({ by_reason }: LedgerTotal): { reason: string; ticks: number; words: string }[] {
  return Object.entries(by_reason)
    .filter(([, ticks]) => ticks > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, ticks]) => ({
      reason,
      ticks,
      words: `${plural(ticks, "tick")} ${reasonInWords(reason)}`,
    }));
}

export function plural(amount: number, noun: string, nouns = `${noun}s`): string {
  return `${whole(amount)} ${amount === 1 ? noun : nouns}`;
}
