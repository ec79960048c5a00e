import type { Certificates, CertificateState } from "../../api/identity.ts";
import { useFreshPages } from "../../ui/fresh.ts";
import type { Loaded } from "../../ui/hooks.ts";

const PAGE_CERTIFICATES = 1000;
const MOST_PAGES = 10;

/** All certificates of a state, or of every state, as one list; beyond ten thousand `next` is not null. */
export function useCertificates(state: CertificateState | null): Loaded<Certificates> {
  const query = { limit: PAGE_CERTIFICATES, ...(state && { state }) };
  const { data, problem } = useFreshPages<Certificates>("/api/v1/certificates", query, {
    cursor: "cursor",
    most: MOST_PAGES,
  });
  const last = data?.at(-1);
  if (!data || !last) return { data: null, problem };
  return { data: { ...last, certificates: data.flatMap(({ certificates }) => certificates) }, problem };
}
