// What an entry of the audit log changed, member by member.

import type { AuditEntry } from "../api/identity.ts";
import { dated } from "./times.ts";

export interface Difference {
  key: string;
  /** Null where there was, or is, nothing. */
  before: string | null;
  after: string | null;
}

/** The members that differ; what was there before and is the same after is left out. */
export function differences({ before, after }: AuditEntry): Difference[] {
  const keys = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...keys]
    .map((key) => ({ key, before: text(before?.[key]), after: text(after?.[key]) }))
    .filter((difference) => difference.before !== difference.after);
}

/** Above it, a number is a moment: counts of the log are small, and it began long after 2001. */
const MOMENT_MS = 1e12;

/** Null where there is nothing to be said. */
function text(value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" && value > MOMENT_MS) return dated(value);
  if (typeof value === "object" && Object.keys(value).length === 0) return null;
  return JSON.stringify(value);
}
