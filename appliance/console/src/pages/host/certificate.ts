import type { Certificate, Certificates } from "../../api/identity.ts";
import { healthOf, presentOne } from "../../model/certificates.ts";
import { fleet } from "../../model/fleet.ts";
import { relative } from "../../model/times.ts";
import { useFresh } from "../../ui/fresh.ts";

/** How a host's certificate stands, in words; empty for a host that has none. */
export function useCertificateWords(host: string): string {
  const { data } = useFresh<Certificates>("/api/v1/certificates", { host });
  const certificate = data && presentOne(data.certificates);
  return certificate ? certificateWords(certificate, fleet.now()) : "";
}

export function certificateWords(certificate: Certificate, nowMs: number): string {
  const { state, expires } = certificate;
  const distance = relative(expires, nowMs);
  if (state === "revoked" || state === "superseded") return state;
  if (expires <= nowMs) return `expired ${distance}`;
  return healthOf(certificate, nowMs) === "overdue"
    ? `not renewed, expires ${distance}`
    : `expires ${distance}`;
}
