import { get } from "../api/client.ts";
import type { Enrolment } from "../api/identity.ts";
import { session } from "../api/session.ts";
import { includes } from "../model/roles.ts";
import { beat } from "../ui/fresh.ts";
import { useLoaded } from "../ui/hooks.ts";

/** How many hosts wait to be let in; 0 for those who may not decide it. */
export function useWaitingHosts(): number {
  const decides = includes(session.value?.role, "operator");
  const { data } = useLoaded(`${decides} ${beat.value}`, async (abort) => {
    if (!decides) return 0;
    const path = "/api/v1/enrolments";
    const answer = await get<{ enrolments: readonly Enrolment[] }>(path, { state: "waiting" }, abort);
    return answer.enrolments.length;
  });
  return data ?? 0;
}
