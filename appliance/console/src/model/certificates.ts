// Which certificates need a person. An agent renews at two thirds of a certificate's life, so one that is much older
// was refused, cannot reach the aggregator, or does not run.

import type { Certificate, Certificates, Signer } from "../api/identity.ts";
import { DAY_MS, relative } from "./times.ts";

export type Health = "fine" | "overdue" | "expired" | "ended";

/** An expired certificate can still be renewed for so long. */
const RENEWABLE_MS = 30 * DAY_MS;
/** Issuers and roots take people to replace, so they warn early. */
const SIGNER_WARNING_MS = 30 * DAY_MS;

/** `ended` is what nobody needs to look at: revoked, replaced, or expired for good. */
export function healthOf(certificate: Certificate, nowMs: number): Health {
  const { state, renew_at, expires } = certificate;
  if (state === "revoked" || state === "superseded") return "ended";
  if (expires <= nowMs) return expires + RENEWABLE_MS > nowMs ? "expired" : "ended";
  // Half of what is left after the moment to renew: time enough for its jitter and for some tries.
  return nowMs > (renew_at + expires) / 2 ? "overdue" : "fine";
}

/** Those that should have renewed, the soonest to expire first. */
export function neglected(certificates: readonly Certificate[], nowMs: number): Certificate[] {
  return certificates
    .filter((certificate) => ["overdue", "expired"].includes(healthOf(certificate, nowMs)))
    .sort((a, b) => a.expires - b.expires);
}

/** The issuer and the roots. */
export function signersOf({ issuer, authority }: Certificates): Signer[] {
  return [...(issuer ? [issuer] : []), ...authority];
}

export function signerHealth({ expires }: Signer, nowMs: number): Health {
  if (expires <= nowMs) return "expired";
  return expires - nowMs < SIGNER_WARNING_MS ? "overdue" : "fine";
}

/** The one certificate that tells how a host stands: the valid one, else the newest of all. */
export function presentOne(certificates: readonly Certificate[]): Certificate | null {
  const newest = [...certificates].sort((a, b) => b.issued - a.issued);
  return newest.find(({ state }) => state === "valid") ?? newest[0] ?? null;
}

/** How a certificate stands, in a few words. */
export function certificateWords(certificate: Certificate, nowMs: number): string {
  const { state, expires } = certificate;
  const distance = relative(expires, nowMs);
  if (state === "revoked" || state === "superseded") return state;
  if (expires <= nowMs) return `expired ${distance}`;
  return healthOf(certificate, nowMs) === "overdue"
    ? `not renewed, expires ${distance}`
    : `expires ${distance}`;
}
