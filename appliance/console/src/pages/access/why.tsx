import type { Enrolment } from "../../api/identity.ts";
import { REASON_WORDS } from "../../model/enrolments.ts";

/** Why a host waits, with a link to the host that it is about. */
export function Why({ enrolment: { reason, replaces } }: { enrolment: Enrolment }) {
  return (
    <>
      {REASON_WORDS[reason]}{" "}
      {replaces && (
        <a class="link name" href={`/hosts/${replaces.id}`}>
          {replaces.name}
        </a>
      )}
    </>
  );
}
