// What an entry of the audit log changed, member by member.

import type { AuditEntry } from "../api/identity.ts";

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

function text(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
