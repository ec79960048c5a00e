// What a host that waits to join is about, in words.

import type { Enrolment } from "../api/identity.ts";

export const REASON_WORDS: Readonly<Record<Enrolment["reason"], string>> = {
  approval: "Its join token asks for approval",
  replace: "It wants to take the place of",
  clone: "Another machine runs with the certificate of",
};

/** A long hexadecimal number in groups of eight, to be compared by eye. */
export function inGroups(hex: string): string {
  return hex.replace(/(.{8})(?=.)/g, "$1 ");
}
