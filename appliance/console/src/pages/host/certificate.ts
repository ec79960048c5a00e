import type { Certificates } from "../../api/identity.ts";
import { certificateWords, presentOne } from "../../model/certificates.ts";
import { fleet } from "../../model/fleet.ts";
import { useFresh } from "../../ui/fresh.ts";

/** How a host's certificate stands, in words; empty for a host that has none. */
export function useCertificateWords(host: string): string {
  const { data } = useFresh<Certificates>("/api/v1/certificates", { host });
  const certificate = data && presentOne(data.certificates);
  return certificate ? certificateWords(certificate, fleet.now()) : "";
}
